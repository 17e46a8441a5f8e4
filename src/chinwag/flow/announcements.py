"""From the directory to all inboxes: announcements, some accounts at a time, at least once, also over restarts.

How far one has come is noted after each batch; a batch that goes twice carries the same id and changes nothing.
"""

from typing import Final

import msgspec

from chinwag.domain.account_change import Announced
from chinwag.domain.events import AccountEvent
from chinwag.ports.directory import Directory
from chinwag.ports.inbox import Inbox, Posting

BATCH: Final = 200
"""Accounts that one step reaches."""
POLL_SECONDS: Final = 2.0


async def announce_some(directory: Directory, inbox: Inbox) -> bool:
    """Bring the oldest unfinished announcement to the next `BATCH` accounts; whether there was one.

    Raises `Refused(UNAVAILABLE)`: the step is then done again.
    """
    async with directory.reading() as transaction:
        news = await transaction.announcements.unfinished()
        accounts = [] if news is None else await transaction.accounts.page(news.reached, BATCH)
    if news is None:
        return False
    event = msgspec.json.encode(AccountEvent(change=Announced(news.id, news.text, news.at)))
    to = [one.id for one in accounts if not one.closed and one.created_at <= news.at]
    if to:
        await inbox.post([Posting(account, event) for account in to])
    reached = accounts[-1].id if accounts else news.reached
    async with directory.transaction() as transaction:
        await transaction.announcements.reached(news.id, reached, done=len(accounts) < BATCH)
    return True

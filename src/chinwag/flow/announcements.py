"""From the directory to all inboxes: announcements, some accounts at a time, at least once, also over restarts.

How far one has come is noted after each batch; a batch that goes twice carries the same id and changes nothing.
"""

import asyncio
from typing import Final

import msgspec
import structlog

from chinwag.domain.account_change import Announced
from chinwag.domain.events import AccountEvent
from chinwag.domain.refusal import Refused
from chinwag.ports.bus import WORK, Bus
from chinwag.ports.directory import Directory
from chinwag.ports.inbox import Inbox, Posting

BATCH: Final = 200
"""Accounts that one step reaches."""
POLL_SECONDS: Final = 2.0

_log = structlog.get_logger(__name__)


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


async def announcements(directory: Directory, inbox: Inbox, bus: Bus) -> None:
    """Bring announcements to everybody, until cancelled."""
    work = asyncio.Event()
    stop = bus.subscribe(WORK, lambda _: work.set())
    try:
        while True:
            work.clear()
            try:
                if await announce_some(directory, inbox):
                    continue
            except Refused as refused:
                _log.warning("an announcement waits", code=refused.code, detail=refused.detail)
            except Exception:
                _log.exception("an announcement waits")
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await work.wait()
            except TimeoutError:
                pass
    finally:
        stop()

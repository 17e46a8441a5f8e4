"""Announce: whoever runs the server says something to everybody who has an account now.

The announcement is stored with the act; `flow/announcements.py` brings it into the inboxes, some at a time.
"""

from chinwag.domain.account import announcement_of
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.act import act
from chinwag.ports.directory import OPERATOR, Actor, Announcement


async def announce(accounts: Accounts, text: str, *, key: str | None = None, by: Actor = OPERATOR) -> Announcement:
    """Store an announcement. The same `key` by the same actor gives the first one again.

    Raises `bad_request`, `forbidden`.
    """
    said = announcement_of(text)
    now = accounts.clock()
    made = Announcement(id=accounts.ids.next(now), text=said, at=now, by=by, key="")
    made = Announcement(id=made.id, text=said, at=now, by=by, key=f"{by}:{made.id if key is None else f'key:{key}'}")
    async with accounts.directory.transaction() as transaction:
        stored = await transaction.announcements.create(made)
        if stored == made:
            await act(transaction, now, by, "announcement.create", made.id)
    accounts.work_waits()
    return stored


async def list_announcements(accounts: Accounts, before: str | None, limit: int) -> list[Announcement]:
    """All announcements, the newest first."""
    async with accounts.directory.reading() as directory:
        return await directory.announcements.page(0, before, limit)


async def announcements_for(
    accounts: Accounts, account: AccountId, before: str | None, limit: int
) -> list[Announcement]:
    """What was announced since `account` is there, the newest first: for a device that loads afresh."""
    async with accounts.directory.reading() as directory:
        found = await directory.accounts.get(account)
        if found is None:
            raise Refused(Code.NO_ACCOUNT)
        return await directory.announcements.page(found.created_at, before, limit)

"""Announcements: what the server says to everybody."""

from typing import Protocol

import msgspec

from chinwag.domain.ids import AccountId
from chinwag.ports.directory.audit import Actor


class Announcement(msgspec.Struct, frozen=True):
    """A message of the server to everybody who has an account at `at`.

    reached: the last account, in the order of ids as text, into whose inbox it was posted. done: all have it.
    """

    id: str
    text: str
    at: int
    by: Actor
    key: str
    reached: AccountId | None = None
    done: bool = False


class AnnouncementRepository(Protocol):
    """Announcements, and how far each has come."""

    async def create(self, announcement: Announcement) -> Announcement:
        """Add one; or, with a `key` that there is already, the earlier one, unchanged."""
        ...

    async def page(self, since: int, before: str | None, limit: int) -> list[Announcement]:
        """Those made at `since` or later, the newest first, below the id named."""
        ...

    async def unfinished(self) -> Announcement | None:
        """The oldest one that some may not have yet."""
        ...

    async def reached(self, announcement: str, account: AccountId | None, done: bool) -> None:
        """Note how far it has come."""
        ...

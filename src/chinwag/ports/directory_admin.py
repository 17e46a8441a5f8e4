"""What the Directory keeps for those who run the server: the audit log, and announcements."""

from typing import Final, NewType, Protocol

import msgspec

from chinwag.domain.ids import AccountId

Actor = NewType("Actor", str)
"""Who did something: an administrator's account id, or `OPERATOR`."""
OPERATOR: Final = Actor("operator")
"""Whoever has the server's data folder, and so needs no account."""


class Entry(msgspec.Struct, frozen=True):
    """One act of an administrator. at: milliseconds since 1970. target: what it was done to (an id), if anything."""

    id: int
    at: int
    actor: Actor
    act: str
    target: str = ""
    detail: str = ""


class AuditRepository(Protocol):
    """The audit log: entries are added and never changed or removed, which the database itself sees to."""

    async def add(self, at: int, actor: Actor, act: str, target: str = "", detail: str = "") -> None:
        """Write an entry; it is there if, and only if, the transaction of the act itself commits."""
        ...

    async def page(
        self, before: int | None, limit: int, actor: str | None = None, target: str | None = None
    ) -> list[Entry]:
        """Entries, the latest first, below id `before`; those of one actor or about one target if named."""
        ...


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

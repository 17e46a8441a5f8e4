"""The audit log: what those who run the server have done."""

from typing import Final, NewType, Protocol

import msgspec

Actor = NewType("Actor", str)
"""Who did something: an administrator's account id, or `OPERATOR`."""


OPERATOR: Final = Actor("operator")
"""Whoever has the server's data folder, and so needs no account."""


class AuditRow(msgspec.Struct, frozen=True):
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
    ) -> list[AuditRow]:
        """Entries, the latest first, below id `before`; those of one actor or about one target if named."""
        ...

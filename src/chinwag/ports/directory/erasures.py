"""What is kept of closed accounts until nothing is left of them."""

from enum import IntEnum
from typing import Protocol

import msgspec

from chinwag.domain.ids import AccountId, DeviceId


class ErasureStage(IntEnum):
    """How far an erasure is."""

    CLOSED = 0
    """The account is closed; its groups, inbox and marks may not know it yet."""
    EMPTIED = 1
    """All that others could see or read is gone."""
    FORGOTTEN = 2
    """All rows are deleted; files may still hold them."""


class Erasure(msgspec.Struct, frozen=True):
    """A closed account of which something may be left. closed_at: milliseconds since 1970."""

    account: AccountId
    closed_at: int
    stage: ErasureStage


class ErasureRepository(Protocol):
    """The erasures under way. A row stays until `done`, also through restarts."""

    async def begin(self, account: AccountId, at: int) -> None:
        """The account, which is closed in this transaction, is to be erased. What the Directory can make unreadable
        at once, it does: names of devices, blocks, its picture; its unfinished uploads expire. Postings already in the
        outbox are waited for (`waits`)."""
        ...

    async def page(self, stage: ErasureStage, after: AccountId | None, limit: int) -> list[Erasure]:
        """Erasures at a stage, in the order of their accounts' ids as text."""
        ...

    async def latest(self, limit: int) -> list[AccountId]:
        """The accounts closed last, of those whose erasure is under way."""
        ...

    async def waits(self, account: AccountId) -> bool:
        """Whether news from before the closing is still in the outbox, a refusal of the account's on its way, or an
        upload there that it has not finished."""
        ...

    async def known_to(self, account: AccountId, after: AccountId | None, limit: int) -> list[AccountId]:
        """Those who were ever friends of the account, or asked, in the order of their ids as text."""
        ...

    async def devices(self, account: AccountId) -> list[DeviceId]:
        """All devices that the account ever had and of which there is a row."""
        ...

    async def reached(self, account: AccountId, stage: ErasureStage) -> None:
        """Note how far it is."""
        ...

    async def forget(self, account: AccountId) -> None:
        """Delete all rows of the account but one without content, which keeps its id known, and its name taken, by
        a digest."""
        ...

    async def done(self, account: AccountId) -> None:
        """Nothing is left: forget the erasure too."""
        ...

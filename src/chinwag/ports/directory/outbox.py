"""The outbox: account changes that are not yet in inboxes."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from chinwag.domain.ids import AccountId


class OutboxRow(msgspec.Struct, frozen=True):
    """One account change on its way to one inbox. `payload` is the JSON of an `AccountChange`."""

    id: int
    account: AccountId
    payload: bytes
    version: int


class Outbox(Protocol):
    """Account changes that are not yet in inboxes. A row is there until `done`, also through a restart."""

    async def add(self, account: AccountId, payload: bytes, version: int) -> None:
        """Leave a posting for an account's inbox; it is there if, and only if, the transaction commits."""
        ...

    async def pending(self, limit: int) -> list[OutboxRow]:
        """The oldest postings, by rising id. Ids rise in each account's order of changes."""
        ...

    async def done(self, ids: Sequence[int]) -> None:
        """Forget postings that are in their inboxes."""
        ...

"""Who declines messages, after blocks and disabled accounts, on its way."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from chinwag.domain.ids import AccountId


class DeclineDue(msgspec.Struct, frozen=True):
    """Whether `account` takes messages of `other` may have changed, and their conversation does not know it yet.

    other: None for everybody, after the account itself was disabled, enabled or closed.
    """

    account: AccountId
    other: AccountId | None
    at: int


class DeclineRepository(Protocol):
    """Who declines messages, on its way to the logs of direct conversations. A row stays until `done`."""

    async def add(self, account: AccountId, other: AccountId | None, at: int) -> None:
        """There is a change to tell; one row a pair, and it is there if, and only if, the transaction commits."""
        ...

    async def add_all(self, at: int, limit: int) -> int:
        """As `add`, for blocks, and for accounts that are disabled or closed, of which no row says so yet:
        conversations were brought back that may know nothing of them. Up to `limit` of each kind; how many: 0 once all
        are there."""
        ...

    async def pending(self, limit: int) -> Sequence[DeclineDue]:
        """The oldest."""
        ...

    async def done(self, due: DeclineDue) -> None:
        """The conversation says what the directory says: forget it."""
        ...

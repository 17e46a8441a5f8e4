"""What the Directory keeps between people: blocks, and the refusals that follow from them."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from chinwag.domain.ids import AccountId


class RefusalDue(msgspec.Struct, frozen=True):
    """Whether `account` takes messages of `other` may have changed, and their conversation does not know it yet.

    other: None for everybody, after the account itself was disabled, enabled or closed.
    """

    account: AccountId
    other: AccountId | None
    at: int


class RefusalRepository(Protocol):
    """Whose refusals are on their way to the logs of direct conversations. A row stays until `done`."""

    async def add(self, account: AccountId, other: AccountId | None, at: int) -> None:
        """There is a change to tell; one row a pair, and it is there if, and only if, the transaction commits."""
        ...

    async def pending(self, limit: int) -> Sequence[RefusalDue]:
        """The oldest."""
        ...

    async def done(self, due: RefusalDue) -> None:
        """The conversation says what the directory says: forget it."""
        ...


class BlockRepository(Protocol):
    """Who takes nothing from whom."""

    async def put(self, blocker: AccountId, blocked: AccountId, at: int) -> bool:
        """Block. False if it was so before."""
        ...

    async def remove(self, blocker: AccountId, blocked: AccountId) -> bool:
        """Block no more. False if it was so before."""
        ...

    async def has(self, blocker: AccountId, blocked: AccountId) -> bool:
        """Whether `blocker` blocks `blocked`."""
        ...

    async def page(self, blocker: AccountId, after: AccountId | None, limit: int) -> list[tuple[AccountId, int]]:
        """Whom an account blocks, and since when, in the order of their ids as text."""
        ...

    async def by(self, blocker: AccountId, among: Sequence[AccountId]) -> set[AccountId]:
        """Those of `among` (at most `PAGE_MAX`) whom an account blocks."""
        ...

    async def against(self, blocked: AccountId, among: Sequence[AccountId]) -> set[AccountId]:
        """Those of `among` (at most `PAGE_MAX`) who block an account."""
        ...

    async def count(self, blocker: AccountId) -> int:
        """How many an account blocks."""
        ...

    async def around_each(self, accounts: Sequence[AccountId], limit: int) -> dict[AccountId, set[AccountId]]:
        """Those with whom each of up to `PAGE_MAX` accounts has a block, of either side; at most `limit` of each."""
        ...

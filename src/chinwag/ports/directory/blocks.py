"""Blocks between people."""

from collections.abc import Sequence
from typing import Protocol

from chinwag.domain.ids import AccountId


class BlockRepository(Protocol):
    """Who takes nothing from whom."""

    async def put(self, blocker: AccountId, blocked: AccountId, at: int) -> bool:
        """Block. False if it was so before."""
        ...

    async def remove(self, blocker: AccountId, blocked: AccountId) -> bool:
        """End the block. False if it was so before."""
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

    async def among(
        self, blockers: Sequence[AccountId], blocked: Sequence[AccountId]
    ) -> set[tuple[AccountId, AccountId]]:
        """The blocks of any of `blockers` against any of `blocked`, as pairs in that order."""
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

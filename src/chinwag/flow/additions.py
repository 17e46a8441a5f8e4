"""How often people are put into groups: by one who adds, and of one who is added by others than friends.

Whoever comes in by itself, by a link or into an open group, is not counted: that was its own will.
"""

from collections.abc import Sequence
from typing import Final

from chinwag.domain.ids import AccountId
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.allowances import Allowance, Allowances

ADDING: Final = Rate(0.5, 500)
"""Accounts that one may add: as many at once as the largest group has members."""
ADDED: Final = Rate(0.003, 50)
"""Times that one may be added by others than friends: fifty at once, and about ten an hour."""


class Additions:
    """Both budgets, counted wherever `allowances` are."""

    def __init__(self, allowances: Allowances, adding: Rate = ADDING, added: Rate = ADDED) -> None:
        self._allowances = allowances
        self._adding = adding
        self._added = added

    async def check(self, by: AccountId, count: int, strangers: Sequence[AccountId]) -> None:
        """Whether `by` may add `count` accounts, `strangers` among them. Takes nothing. Raises `rate_limited`,
        `unavailable`."""
        wanted = self._wanted(by, count, strangers)
        for one, wait in zip(wanted, await self._allowances.short(wanted), strict=True):
            if wait > 0:
                whom = "so many were added to" if one.kind == "adding" else f"{one.key} was added to many"
                raise Refused(Code.RATE_LIMITED, f"{whom} groups of late", wait)

    async def take(self, by: AccountId, count: int, strangers: Sequence[AccountId]) -> None:
        """It adds them. Takes nothing if it may not. Raises `rate_limited`, `unavailable`."""
        if (wait := await self._allowances.take(self._wanted(by, count, strangers))) > 0:
            await self.check(by, count, strangers)  # which says of whom there were too many
            raise Refused(Code.RATE_LIMITED, "so many were added to groups of late", wait)

    def _wanted(self, by: AccountId, count: int, strangers: Sequence[AccountId]) -> list[Allowance]:
        # More than there ever are at once cost all that there are.
        adding = [Allowance("adding", by, self._adding, min(count, self._adding.burst))] if count else []
        return adding + [Allowance("added", one, self._added) for one in strangers]

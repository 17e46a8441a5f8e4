"""The Allowances: what all servers count in one place, such as wrong guesses, additions to groups, searches."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from chinwag.domain.rate import Rate


class Allowance(msgspec.Struct, frozen=True):
    """So many (`count`, at most `rate.burst`) of what `key` may do of one `kind` at `rate`. One kind has one rate."""

    kind: str
    key: str
    rate: Rate
    count: int = 1


class Allowances(Protocol):
    """Levels that fall by what is used and rise by themselves; of a key that nobody used it is full.

    The keys of one call differ. Atomicity: a call does all or nothing; of many that take the last one at once, in
    whichever process, one gets it. Bounded: a level that is full again is forgotten, and where there are very many,
    those that are full soonest. Durability: none is promised. Failures: `unavailable`, and then it may or may not have
    been done.
    """

    async def take(self, taken: Sequence[Allowance], also: Sequence[Allowance] = ()) -> float:
        """Take all of `taken`, if there are as many of each of them and of `also`: 0 then. Else nothing is taken, and
        it is the seconds until there would be."""
        ...

    async def short(self, wanted: Sequence[Allowance]) -> Sequence[float]:
        """For each the seconds until there would be as many; 0 if there are now. Takes nothing."""
        ...

    async def give_back(self, given: Sequence[Allowance]) -> None:
        """Undo one `take` of each."""
        ...

    async def spend(self, spent: Sequence[Allowance]) -> None:
        """Take of each, also where there is less: that is empty then."""
        ...

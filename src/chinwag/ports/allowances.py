"""The Allowances: what is counted by name and by address, such as wrong guesses, in one place for all servers."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Allowance(msgspec.Struct, frozen=True):
    """What `key` may do of one `kind`: `most` at once, filling up again within the window that all of them share."""

    kind: str
    key: str
    most: int


class Allowances(Protocol):
    """Levels that fall by one for each use and rise by themselves; of a key that nobody used it is full.

    Atomicity: a call does all or nothing; of many that take the last one at once, in whichever process, one gets it.
    Bounded: those longest unused are forgotten where there are very many. Durability: none is promised.
    Failures: `unavailable`, and then it may or may not have been done.
    """

    async def take(self, taken: Sequence[Allowance], also: Sequence[Allowance] = ()) -> float:
        """Take one of each of `taken`, if each of them and of `also` has one: 0 then. Else nothing is taken, and it is
        the seconds until there would be."""
        ...

    async def give_back(self, given: Sequence[Allowance]) -> None:
        """Undo one `take` of each."""
        ...

    async def spend(self, spent: Sequence[Allowance]) -> None:
        """Take one of each, also where there is none: that stays empty."""
        ...

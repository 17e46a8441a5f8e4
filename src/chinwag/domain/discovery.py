"""Which gateway to recommend: near first, then the one with most room. Full ones are not recommended."""

from collections.abc import Sequence
from typing import Final

import msgspec

FULL: Final = 0.95
"""A gateway with this share of its capacity taken is not recommended any more."""


class Candidate(msgspec.Struct, frozen=True):
    """One live gateway."""

    name: str
    sessions: int
    capacity: int
    location: str = ""

    @property
    def load(self) -> float:
        """The share of its capacity that is taken."""
        return self.sessions / self.capacity if self.capacity > 0 else 1.0


def rank(candidates: Sequence[Candidate], location: str = "") -> list[Candidate]:
    """The candidates to try, the best first: those at `location`, then the others, each by load, then by name."""
    open_ones = [one for one in candidates if one.load < FULL]
    return sorted(open_ones, key=lambda one: (not location or one.location != location, one.load, one.name))

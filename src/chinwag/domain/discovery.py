"""Which gateways to recommend to a device: near ones first, and of those each as often as it has room.

Always naming the emptiest first would send everybody who asks between two reports of its load there, at once.
"""

import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import msgspec

FULL: Final = 0.95
"""A gateway with this share of its capacity taken is not recommended any more."""


class Candidate(msgspec.Struct, frozen=True):
    """One live gateway. draining: it is about to stop."""

    name: str
    sessions: int
    capacity: int
    location: str = ""
    draining: bool = False

    @property
    def load(self) -> float:
        """The share of its capacity that is taken."""
        return self.sessions / self.capacity if self.capacity > 0 else 1.0

    @property
    def free(self) -> int:
        """Sessions that it has room for."""
        return max(self.capacity - self.sessions, 0)


def rank(candidates: Sequence[Candidate], device: str, location: str = "") -> list[Candidate]:
    """The candidates for `device` to try, the best first: those at `location`, then the others.

    In either part one comes first with a chance that is its share of the free room. Full and draining ones are left
    out. The same device gets the same order as long as the room stays the same.
    """
    takers = [one for one in candidates if one.load < FULL and not one.draining]
    return sorted(takers, key=lambda one: (not location or one.location != location, _delay(device, one), one.name))


def _delay(device: str, candidate: Candidate) -> float:
    """When `candidate` would be drawn: exponential with its free room as the rate, so the first drawn is each of them
    with a chance in proportion to it (the exponential clocks of weighted sampling without replacement)."""
    seed = blake2b(f"{device}\0{candidate.name}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    chance = (int.from_bytes(seed, "big") + 1) / (2**64 + 1)
    return -math.log(chance) / max(candidate.free, 1)

"""How fast somebody may go: a token bucket, which lets a burst through and then a steady rate."""

from typing import Final

import msgspec

WEIGHT_SHIFT: Final = 16
"""A frame or a request counts as one, and as one more for each 64 KiB in it: long ones cost more to read."""

_ROUNDING: Final = 1e-7
"""Seconds by which sums of times may be off."""


class Rate(msgspec.Struct, frozen=True):
    """`per_second` in the long run, `burst` at once."""

    per_second: float
    burst: int

    def divided(self, processes: int) -> "Rate":
        """What each of so many processes may grant by itself, so that together they grant this: at most so many less
        one more at once, as the burst is rounded up. One at once is left in any case."""
        return self if processes == 1 else Rate(self.per_second / processes, -(-self.burst // processes))


class Bucket:
    """What is left of one `Rate`, kept as the time at which all of it will be there again: so a take is one addition.
    Time is given in seconds of any clock that only rises."""

    __slots__ = ("_each", "_full_at", "_span")

    def __init__(self, rate: Rate, now: float) -> None:
        self._each = 1 / rate.per_second  # seconds until one more is there
        self._span = rate.burst * self._each
        self._full_at = now

    def take(self, now: float, count: int = 1) -> float:
        """Take `count`: 0 if there were so many, else the seconds until there are (and none is taken)."""
        full_at = self._full_at
        if full_at < now:
            full_at = now
        full_at += count * self._each
        wait = full_at - now - self._span
        if wait > _ROUNDING:
            return min(wait, count * self._each)  # all of it is gone at the worst, also after a clock that stepped back
        self._full_at = full_at
        return 0.0

    def short(self, now: float, count: int = 1) -> float:
        """The seconds until there are `count`: 0 if there are now. Takes none."""
        wait = max(self._full_at, now) + count * self._each - now - self._span
        return min(wait, count * self._each) if wait > _ROUNDING else 0.0

    def change(self, now: float, by: int) -> None:
        """Put so many back, or take them if that is below 0: at most all that there are, or have room."""
        full_at = max(self._full_at, now)
        self._full_at = max(now, min(full_at - by * self._each, max(full_at, now + self._span)))

"""How fast somebody may go: a token bucket, which lets a burst through and then a steady rate."""

from typing import Final

import msgspec

WEIGHT_SHIFT: Final = 16
"""A frame or a request counts as one, and as one more for each 64 KiB in it: long ones cost more to read."""


class Rate(msgspec.Struct, frozen=True):
    """`per_second` in the long run, `burst` at once."""

    per_second: float
    burst: int

    def divided(self, processes: int) -> "Rate":
        """What each of so many processes may grant by itself, so that together they grant this: at most so many less
        one more at once, as the burst is rounded up. One at once is left in any case."""
        return self if processes == 1 else Rate(self.per_second / processes, -(-self.burst // processes))


class Bucket:
    """The tokens left of one `Rate`. Time is given in seconds of any clock that only rises."""

    __slots__ = ("_at", "_rate", "_tokens")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._tokens = float(rate.burst)
        self._at = now

    def take(self, now: float, count: int = 1) -> float:
        """Take `count` tokens: 0 if there were so many, else the seconds until there are (and none is taken)."""
        tokens, rate = self._tokens, self._rate
        if now > self._at:
            tokens += (now - self._at) * rate.per_second
            if tokens > rate.burst:
                tokens = float(rate.burst)
            self._at = now
        if tokens >= count:
            self._tokens = tokens - count
            return 0.0
        self._tokens = tokens
        return (count - tokens) / rate.per_second

    def short(self, now: float, count: int = 1) -> float:
        """The seconds until there are `count` tokens: 0 if there are now. Takes none."""
        return max(0.0, (count - self._level(now)) / self._rate.per_second)

    def change(self, now: float, by: int) -> None:
        """Put so many tokens back, or take them if that is below 0: at most all that there are, or have room."""
        self._tokens = max(0.0, min(float(self._rate.burst), self._level(now) + by))
        self._at = max(now, self._at)

    def _level(self, now: float) -> float:
        return min(float(self._rate.burst), self._tokens + max(0.0, now - self._at) * self._rate.per_second)

"""How fast somebody may go: a token bucket, which lets a burst through and then a steady rate."""

import msgspec


class Rate(msgspec.Struct, frozen=True):
    """`per_second` in the long run, `burst` at once."""

    per_second: float
    burst: int


class Bucket:
    """The tokens left of one `Rate`. Time is given in seconds of any clock that only rises."""

    __slots__ = ("_at", "_rate", "_tokens")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._tokens = float(rate.burst)
        self._at = now

    def take(self, now: float) -> float:
        """Take one token: 0 if there was one, else the seconds until there is (and none is taken)."""
        self._tokens = self._level(now)
        self._at = max(now, self._at)
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        return (1.0 - self._tokens) / self._rate.per_second

    def short(self, now: float) -> float:
        """The seconds until there is a token: 0 if there is one now. Takes none."""
        return max(0.0, (1.0 - self._level(now)) / self._rate.per_second)

    def _level(self, now: float) -> float:
        return min(float(self._rate.burst), self._tokens + max(0.0, now - self._at) * self._rate.per_second)

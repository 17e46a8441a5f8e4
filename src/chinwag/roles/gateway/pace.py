"""How many devices a gateway lets in a second, and when the others are to come.

When another gateway dies, all of its people stand here at once. Each that is let in reads, so what is let in at once is
bounded, and everybody else gets a time of its own: times lie as far apart as the gateway can take them.
"""

from typing import Final

from chinwag.domain.rate import Bucket, Rate

MOST_SECONDS: Final = 30.0
"""No device is told to come later than that. With more that wait, times are given away a second time."""


class Pace:
    """Hellos of one gateway. per_second: how many; without, as many as come.

    Time is given in seconds of any clock that only rises.
    """

    __slots__ = ("_bucket", "_given_until", "_step")

    def __init__(self, per_second: float | None, now: float) -> None:
        self._bucket = None if per_second is None else Bucket(Rate(per_second, max(1, int(per_second))), now)
        self._step = 0.0 if per_second is None else 1.0 / per_second
        self._given_until = now

    def wait(self, now: float) -> float:
        """0 if a device may come in now; else the seconds after which it is to try again, another number for each."""
        if self._bucket is None:
            return 0.0
        short = self._bucket.take(now)
        if not short:
            return 0.0
        given = max(self._given_until, now) + self._step
        if given > now + max(MOST_SECONDS, self._step):
            given = now + self._step
        self._given_until = given
        return given - now

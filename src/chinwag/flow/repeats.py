"""How many commands one node may append again: so few that they never weigh upon a log that is behind already."""

from typing import Final

SHARE: Final = 10
"""One in so many of a partition's appends may be a repeat,"""
LEAST: Final = 16
"""or so many of them, where little is appended."""
WINDOW_SECONDS: Final = 20.0
"""Over how long both are counted: as long as an answer is waited for."""


class Repeats:
    """Counts what one node appends to each partition, in this window of time and the one before."""

    def __init__(self, partitions: int, now: float) -> None:
        self._partitions = partitions
        self._began = now
        self.appended = [0] * partitions
        """First appends in this window, for each partition; whoever appends counts here."""
        self._before = [0] * partitions
        self._repeated = [0] * partitions
        self._repeated_before = [0] * partitions

    def at(self, now: float) -> None:
        """It is `now`: begin another window if this one is over."""
        passed = now - self._began
        if passed < WINDOW_SECONDS:
            return
        recent, none = passed < 2 * WINDOW_SECONDS, [0] * self._partitions
        self._before = self.appended if recent else none
        self._repeated_before = self._repeated if recent else none.copy()
        self.appended, self._repeated = none.copy(), none.copy()
        self._began = now

    def take(self, partition: int) -> bool:
        """Whether another command may be appended to `partition` again; counts it if so."""
        appended = self.appended[partition] + self._before[partition]
        repeated = self._repeated[partition] + self._repeated_before[partition]
        # Of what is appended, the repeats are a part themselves.
        if repeated >= max(LEAST, appended // (SHARE - 1)):
            return False
        self._repeated[partition] += 1
        return True

"""Counting how long things take, cheaply: a distribution over fixed, doubling bounds."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

BOUNDS: Final = tuple(0.0001 * 2**step for step in range(18))
"""Upper bounds in seconds, from a tenth of a millisecond to thirteen seconds; what is beyond counts as infinite."""


COUNTS: Final = tuple(float(1 << step) for step in range(11))
"""Upper bounds for things that are counted, up to about a thousand."""


class Distribution:
    """How many observations fell below each bound."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...] = BOUNDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    @classmethod
    def together(cls, parts: Sequence["Distribution"]) -> "Distribution":
        """The sum of distributions with the same bounds."""
        whole = cls(parts[0].bounds)
        for part in parts:
            whole.counts = [one + other for one, other in zip(whole.counts, part.counts, strict=True)]
            whole.total += part.total
        return whole

    def observe(self, value: float, times: int = 1) -> None:
        """Count `value`, seen `times` times."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times

    def observe_all(self, values: Sequence[float]) -> None:
        """Count each of `values`, cheaper than one after the other."""
        counts, bounds = self.counts, self.bounds
        for value in values:
            counts[bisect_left(bounds, value)] += 1
        self.total += sum(values)

    def cumulative(self) -> list[tuple[str, float]]:
        """(upper bound, how many at or below it), as a Prometheus histogram has it, the last for `+Inf`."""
        rows: list[tuple[str, float]] = []
        seen = 0
        for bound, count in zip((*map(repr, self.bounds), "+Inf"), self.counts, strict=True):
            seen += count
            rows.append((bound, float(seen)))
        return rows

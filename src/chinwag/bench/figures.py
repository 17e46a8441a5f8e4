"""What a work gives back, and how figures are made of many samples."""

import time
from collections.abc import Iterable
from typing import Final

import msgspec

BUSY: Final = 0.8
"""With more than this share of a core used by the generator, a figure says at least so much, not how much."""


class Outcome(msgspec.Struct, frozen=True):
    """Figures by name, the generator's share of its core while they were taken, and what was wrong."""

    figures: dict[str, float]
    generator_share: float
    faults: tuple[str, ...] = ()

    @property
    def lower_bound(self) -> bool:
        """Whether the generator rather than the server may have been the limit."""
        return self.generator_share > BUSY


class Stopwatch:
    """Wall time and the generator's own time since it was made."""

    def __init__(self) -> None:
        self._wall = time.perf_counter()
        self._used = time.process_time()

    @property
    def seconds(self) -> float:
        """Wall time."""
        return time.perf_counter() - self._wall

    @property
    def share(self) -> float:
        """Which part of that the generator was at work."""
        return (time.process_time() - self._used) / max(self.seconds, 1e-9)


def quantile(samples: Iterable[float], q: float) -> float:
    """The sample that `q` of all are not above; 0 if there is none."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))] if ordered else 0.0


def milliseconds(seconds: float) -> float:
    """Rounded to microseconds."""
    return round(seconds * 1000, 3)

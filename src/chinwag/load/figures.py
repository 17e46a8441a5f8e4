"""What a work gives back, and how figures are made of many samples."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

BUSY: Final = 0.8
"""With more than this share of a core used by the generator, a figure says at least so much, not how much."""

KEPT: Final = 2_000
"""Delays that an outcome carries at most."""


class Outcome(msgspec.Struct, frozen=True):
    """Figures by name, the generator's share of its core while they were taken, and what was wrong."""

    figures: dict[str, float]
    generator_share: float
    faults: tuple[str, ...] = ()
    delays: tuple[float, ...] = ()
    """Some of the delays behind the figures, in seconds: evenly spread over all of them in their order of size."""
    counted: int = 0
    """How many delays there were."""
    refused: int = 0
    """Sends that the server asked to be made again later, because of its limits."""

    @property
    def lower_bound(self) -> bool:
        """Whether the generator rather than the server may have been the limit."""
        return self.generator_share > BUSY


class Stopwatch:
    """Wall time and the generator's own time since it was made.

    Its own is also what it waited for its core, when others had that: it could not have done more then.
    """

    def __init__(self) -> None:
        self._wall = time.perf_counter()
        self._used = time.process_time() + _waited()

    @property
    def seconds(self) -> float:
        """Wall time."""
        return time.perf_counter() - self._wall

    @property
    def share(self) -> float:
        """Which part of that the generator was at work, or would have been."""
        return (time.process_time() + _waited() - self._used) / max(self.seconds, 1e-9)


def _waited() -> float:
    """Seconds for which this thread was ready to run and had no core; 0 where the kernel does not count them."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def quantile(samples: Iterable[float], q: float) -> float:
    """The sample that `q` of all are not above; 0 if there is none."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))] if ordered else 0.0


def spread(samples: Iterable[float]) -> tuple[float, ...]:
    """At most `KEPT` of many samples that stand for all of them, in order."""
    ordered = sorted(samples)
    if len(ordered) <= KEPT:
        return tuple(ordered)
    return tuple(ordered[(2 * place + 1) * len(ordered) // (2 * KEPT)] for place in range(KEPT))


def merged(outcomes: Sequence[Outcome]) -> Outcome:
    """What several generators did at one time as one outcome: rates (`…_s`) add up, delays are mixed.

    The busiest generator's share stands for all.
    """
    rates = {name: sum(each.figures[name] for each in outcomes) for name in outcomes[0].figures if name.endswith("_s")}
    mixed = sorted((delay, each.counted / len(each.delays)) for each in outcomes for delay in each.delays)
    return Outcome(
        rates | {"p50_ms": milliseconds(_weighed(mixed, 0.5)), "p99_ms": milliseconds(_weighed(mixed, 0.99))},
        max(each.generator_share for each in outcomes),
        tuple(fault for each in outcomes for fault in each.faults),
        tuple(delay for delay, _ in mixed),
        sum(each.counted for each in outcomes),
        sum(each.refused for each in outcomes),
    )


def _weighed(mixed: Sequence[tuple[float, float]], q: float) -> float:
    left = q * sum(weight for _, weight in mixed)
    for sample, weight in mixed:
        left -= weight
        if left < 0:
            return sample
    return mixed[-1][0] if mixed else 0.0


def milliseconds(seconds: float) -> float:
    """Rounded to microseconds."""
    return round(seconds * 1000, 3)

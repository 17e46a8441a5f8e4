"""Figures of the way of a message, for `/metrics`: read when asked for, so that counting costs nothing."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

Reading = Callable[[], float]


class Figures(Collector):
    """Counters and gauges by name, each read by a function. Names get the prefix `chinwag_`."""

    def __init__(self, counters: Mapping[str, tuple[str, Reading]], gauges: Mapping[str, tuple[str, Reading]]) -> None:
        self._counters: Final = counters
        self._gauges: Final = gauges

    def collect(self) -> Iterator[Metric]:
        """All of them, now."""
        for name, (meaning, reading) in self._counters.items():
            yield CounterMetricFamily(f"chinwag_{name}", meaning, value=reading())
        for name, (meaning, reading) in self._gauges.items():
            yield GaugeMetricFamily(f"chinwag_{name}", meaning, value=reading())

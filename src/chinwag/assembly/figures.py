"""Figures of parts, for `/metrics`: read when asked for, so that counting costs next to nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from chinwag.flow.measure import Distribution

Reading = Callable[[], float]
Distributions = Callable[[], Sequence[Distribution]]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Counters, gauges and histograms by name, each with its meaning and read by a function."""

    counters: Mapping[str, tuple[str, Reading]] = {}
    gauges: Mapping[str, tuple[str, Reading]] = {}
    histograms: Mapping[str, tuple[str, Distributions]] = {}


class _Shown(Collector):
    """Figures in the words of Prometheus. Names get the prefix `chinwag_`."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """All of them, now."""
        for name, (meaning, reading) in self._figures.counters.items():
            yield CounterMetricFamily(f"chinwag_{name}", meaning, value=reading())
        for name, (meaning, reading) in self._figures.gauges.items():
            yield GaugeMetricFamily(f"chinwag_{name}", meaning, value=reading())
        for name, (meaning, parts) in self._figures.histograms.items():
            whole = Distribution.together(parts())
            yield HistogramMetricFamily(f"chinwag_{name}", meaning, buckets=whole.cumulative(), sum_value=whole.total)


def registry_of(figures: Iterable[Figures]) -> CollectorRegistry:
    """What `/metrics` shows: the process, and the figures of each part."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    for some in figures:
        registry.register(_Shown(some))
    return registry

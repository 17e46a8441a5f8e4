"""Figures of the way of a message, for `/metrics`: read when asked for, so that counting costs next to nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from chinwag.flow.accept import Accept
from chinwag.flow.announce import Announce
from chinwag.flow.deliver import Deliver
from chinwag.flow.marks import MarkFlow
from chinwag.flow.measure import Distribution
from chinwag.roles.api.heard import Heard
from chinwag.roles.gateway.gateway import Gateway

Reading = Callable[[], float]
Distributions = Callable[[], Sequence[Distribution]]


class Figures(Collector):
    """Counters, gauges and histograms by name, each read by a function. Names get the prefix `chinwag_`."""

    def __init__(
        self,
        counters: Mapping[str, tuple[str, Reading]],
        gauges: Mapping[str, tuple[str, Reading]],
        histograms: Mapping[str, tuple[str, Distributions]],
    ) -> None:
        self._counters: Final = counters
        self._gauges: Final = gauges
        self._histograms: Final = histograms

    def collect(self) -> Iterator[Metric]:
        """All of them, now."""
        for name, (meaning, reading) in self._counters.items():
            yield CounterMetricFamily(f"chinwag_{name}", meaning, value=reading())
        for name, (meaning, reading) in self._gauges.items():
            yield GaugeMetricFamily(f"chinwag_{name}", meaning, value=reading())
        for name, (meaning, parts) in self._histograms.items():
            whole = Distribution.together(parts())
            yield HistogramMetricFamily(f"chinwag_{name}", meaning, buckets=whole.cumulative(), sum_value=whole.total)


class Legs(msgspec.Struct, frozen=True, kw_only=True):
    """The legs whose figures are shown."""

    accept: Accept
    workers: Sequence[Deliver]
    announce: Announce
    marks: MarkFlow
    gateway: Gateway
    heard: Heard


def registry_of(legs: Legs) -> CollectorRegistry:
    """What `/metrics` shows: the process, and each leg of the way of a message."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    accept, announce, marks, gateway, heard = legs.accept, legs.announce, legs.marks, legs.gateway, legs.heard

    def summed(name: str) -> Reading:
        return lambda: sum(getattr(worker.figures, name) for worker in legs.workers)

    def spread(name: str) -> Distributions:
        return lambda: [getattr(worker.figures, name) for worker in legs.workers]

    registry.register(
        Figures(
            counters={
                "accepted": ("Commands handed to the log.", lambda: accept.accepted),
                "placed": ("Events placed and committed.", summed("placed")),
                "repeated": ("Retries answered with the first number.", summed("repeated")),
                "refused": ("Commands refused by the rules.", summed("refused")),
                "batches": ("Batches committed.", summed("batches")),
                "failed_commits": ("Batches that failed.", summed("failed_commits")),
                "poison": ("Commands set aside.", summed("poison")),
                "announced": ("Events announced to accounts connected here.", lambda: announce.events),
                "delivered_marks": ("Delivered marks moved.", lambda: marks.deliveries),
                "read_marks": ("Read marks moved.", lambda: marks.reads),
                "frames_in": ("Frames from clients.", lambda: gateway.figures.frames_in),
                "frames_out": ("Frames to clients.", lambda: gateway.figures.frames_out),
                "frames_refused": ("Errors told to clients.", lambda: gateway.figures.refused),
                "welcomed": ("Sessions welcomed.", lambda: gateway.figures.welcomed),
            },
            gauges={
                "connections": ("Open sockets.", lambda: len(gateway)),
                "polling_devices": ("Devices heard of without a socket.", lambda: len(heard)),
                "streams": ("Streams and waiting polls held open.", lambda: heard.open),
                "answers_waiting": ("Commands whose answer is awaited.", lambda: accept.waiting),
            },
            histograms={
                "batch_records": ("Commands in a batch.", spread("batch_records")),
                "decide_seconds": ("Time to decide a batch.", spread("deciding")),
                "commit_seconds": ("Time to make a batch durable.", spread("committing")),
                "answer_seconds": ("From accept to the answer.", lambda: [accept.to_answer]),
                "delivery_seconds": ("From accept until a device says it has it.", lambda: [marks.to_delivery]),
            },
        )
    )
    return registry

"""How long people waited, by what was done: from a send's first try to its ack, as the record tells.

Most devices of a storm go away, stop reading or are cut by themselves, and their waiting holds that, too. Those that
never do are counted once more by themselves: what they wait for is the cluster alone."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Final

import msgspec

from prove.facts import Acked, AnyFact, Attempt, ChangeTried, Fault
from prove.storm.plan import Character, Plan
from prove.storm.tally import percentile

CALM: Final = "calm"
"""What lies before the first fault."""

STAYING: Final = frozenset({Character.STEADY, Character.BURSTY})
"""Devices that never leave by themselves."""

Key = tuple[str, str, str]


class Pause(msgspec.Struct):
    """Of one kind of fault, in milliseconds. times: how often it was done. stayed: the waits of devices that stay."""

    kind: str
    times: int = 0
    waits: list[int] = []
    stayed: list[int] = []


def staying(plan: Plan, devices: Iterable[str]) -> frozenset[str]:
    """Which of these devices, in the plan's order, never leave by themselves."""
    return frozenset(
        device for device, planned in zip(devices, plan.devices, strict=True) if planned.character in STAYING
    )


def pauses(facts: Iterable[AnyFact], stay: Collection[str] = ()) -> list[Pause]:
    """By kind. stay: the devices that never leave by themselves. A send belongs to the fault that came last before its
    answer: so one that waited through a fault counts for it, and one that was answered before does not."""
    tried: dict[Key, int] = {}
    found: dict[str, Pause] = defaultdict(lambda: Pause(""))
    now = found[CALM] = Pause(CALM)
    for fact in facts:
        if isinstance(fact, Attempt | ChangeTried):
            tried.setdefault((fact.device, fact.conversation, fact.id), fact.at)
        elif isinstance(fact, Acked):
            began = tried.pop((fact.device, fact.conversation, fact.id), None)
            if began is not None:
                now.waits.append(fact.at - began)
                if fact.device in stay:
                    now.stayed.append(fact.at - began)
        elif isinstance(fact, Fault):
            kind = f"{fact.name} {fact.point}".strip()
            now = found.setdefault(kind, Pause(kind))
            now.times += 1
    return list(found.values())


def table(found: Iterable[Pause]) -> Iterator[str]:
    """For people."""
    columns = f"{'p50 ms':>7} {'p99 ms':>7} {'max ms':>7}"
    yield f"{'what was done':<28} {'times':>5} {'all: acked':>10} {columns} {'staying: acked':>15} {columns}"
    for pause in sorted(found, key=lambda one: one.kind):
        yield (
            f"{pause.kind:<28} {pause.times:>5} {len(pause.waits):>10} {_told(pause.waits)} "
            f"{len(pause.stayed):>15} {_told(pause.stayed)}"
        )


def _told(waits: list[int]) -> str:
    return f"{percentile(waits, 0.5):>7.0f} {percentile(waits, 0.99):>7.0f} {max(waits, default=0):>7}"

"""How long people waited, by what was done: from a send's first try to its ack, as the record tells."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from prove.facts import Acked, AnyFact, Attempt, ChangeTried, Fault
from prove.storm.tally import percentile

CALM: Final = "calm"
"""What lies before the first fault."""

Key = tuple[str, str, str]


class Pause(msgspec.Struct):
    """Of one kind of fault, in milliseconds. times: how often it was done."""

    kind: str
    times: int = 0
    waits: list[int] = []


def pauses(facts: Iterable[AnyFact]) -> list[Pause]:
    """By kind. A send belongs to the fault that came last before its answer: so one that waited through a fault counts
    for it, and one that was answered before does not."""
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
        elif isinstance(fact, Fault):
            kind = f"{fact.name} {fact.point}".strip()
            now = found.setdefault(kind, Pause(kind))
            now.times += 1
    return list(found.values())


def table(found: Iterable[Pause]) -> Iterator[str]:
    """For people."""
    yield f"{'what was done':<28} {'times':>5} {'acked':>7} {'p50 ms':>7} {'p99 ms':>7} {'max ms':>7}"
    for pause in sorted(found, key=lambda one: one.kind):
        waits = pause.waits
        yield (
            f"{pause.kind:<28} {pause.times:>5} {len(waits):>7} {percentile(waits, 0.5):>7.0f} "
            f"{percentile(waits, 0.99):>7.0f} {max(waits, default=0):>7}"
        )

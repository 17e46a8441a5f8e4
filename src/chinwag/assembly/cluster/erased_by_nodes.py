"""P13 (docs/guarantees.md) on Cassandra: its files are its nodes' own, so here is seen that each has them written anew
in time, by `chinwag cluster erase`."""

from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from chinwag.adapters.cassandra.erasures import Erasures, RingNode
from chinwag.flow.clock import DAY_MS, Clock
from chinwag.life.doctor.finding import Finding, fail, ok, warn
from chinwag.ports.scrub import TextScrub

COMMAND: Final = "chinwag cluster erase"

_log = structlog.get_logger(__name__)


class ErasedByNodes(TextScrub):
    """Looks whether all nodes are in time, and complains of those that are not.

    overdue: how many were not, when this process last looked.
    """

    def __init__(self, erasures: Erasures, clock: Clock, days: int) -> None:
        """days: what is promised (`erasure.days`)."""
        self._erasures = erasures
        self._clock = clock
        self._days = days
        self.overdue = 0

    async def scrub_texts(self) -> bool:
        """False: there is nothing that a process of ours could do. Raises `Refused(UNAVAILABLE)`."""
        nodes, begun, now = await self._erasures.nodes(), await self._erasures.begun(), self._clock()
        # What a new node was sent by the others is as old as with them.
        eldest = min([begun[node.id] for node in nodes if node.id in begun], default=now)
        for node in nodes:
            if node.id not in begun:
                await self._erasures.note(node.id, eldest)
        late = overdue(nodes, begun, now, self._days)
        self.overdue = len(late)
        if late:
            hosts = [node.host for node in late]
            _log.error("the erasure of texts is overdue", store="Cassandra", nodes=hosts, days=self._days, run=COMMAND)
        return False


def overdue(nodes: Sequence[RingNode], begun: Mapping[str, int], now: int, days: int) -> list[RingNode]:
    """Those that may hold something that was erased longer ago than `days`."""
    return [node for node in nodes if node.id in begun and begun[node.id] < now - days * DAY_MS]


def erasure_findings(nodes: Sequence[RingNode], begun: Mapping[str, int], now: int, days: int) -> list[Finding]:
    """What `chinwag cluster check` says of each node that is not in time, or that all are."""
    found = []
    late = overdue(nodes, begun, now, days)
    for node in nodes:
        subject = f"Cassandra, node {node.host}, erasure"
        if node in late:
            since = (now - begun[node.id]) // DAY_MS
            words = f"what was erased {since} days ago may be in its files, and erasure.days says {days}"
            found.append(fail(subject, words, f"{COMMAND}, by a timer: once a day, or each {max(days // 2, 1)} days"))
        elif node.id not in begun:
            found.append(warn(subject, "it was never begun", f"{COMMAND}, by a timer"))
    return found or [ok("Cassandra, erasure", f"{len(nodes)} nodes, each within {days} days")]

"""The Registry of one process, which is all the nodes there are."""

import asyncio
from collections.abc import Callable, Sequence

from chinwag.adapters.owners import Owners
from chinwag.domain.ids import WORKERS
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.bus import NodeId
from chinwag.ports.registry import Duty, Node, Registry, WorkerNumber


class EmbeddedRegistry(Registry):
    """first_worker: the number leased first. It changes with each start, so that a clock set back between two

    starts does not bring the ids of the earlier one again.
    """

    def __init__(self, first_worker: int = 0) -> None:
        self._next = first_worker
        self._leased = 0
        self._nodes: dict[NodeId, Node] = {}
        self._watchers: list[Callable[[Sequence[Node]], None]] = []
        self._seen: list[object] | None = None
        self._telling = False
        self._owners = Owners(alone=True)

    async def register(self, node: Node) -> None:
        self._nodes[node.id] = node
        self._changed()

    async def withdraw(self, node: NodeId) -> None:
        self._nodes.pop(node, None)
        self._changed()

    async def nodes(self, role: str) -> Sequence[Node]:
        return [node for node in self._nodes.values() if role in node.roles]

    def watch(self, handler: Callable[[Sequence[Node]], None]) -> None:
        self._watchers.append(handler)
        self._seen = None
        self._changed()

    def owner(self, duty: Duty, part: int) -> NodeId | None:
        return self._owners.owner(duty, part)

    def owned(self, duty: Duty, node: NodeId) -> frozenset[int]:
        return self._owners.owned(duty, node)

    def watch_owned(self, duty: Duty, node: NodeId, handler: Callable[[frozenset[int]], None]) -> Callable[[], None]:
        stop = self._owners.watch(duty, node, handler)
        self._changed()
        return stop

    async def lease_worker(self) -> WorkerNumber:
        if self._leased == WORKERS:
            raise Refused(Code.UNAVAILABLE, "no worker number is free")
        self._leased += 1
        worker, self._next = self._next % WORKERS, self._next + 1
        return lambda: worker

    async def close(self) -> None:
        self._nodes.clear()
        self._leased = 0

    def _changed(self) -> None:
        self._owners.see(self._live())
        if not self._telling:
            self._telling = True
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        self._telling = False
        self._owners.tell()
        live = self._live()
        essence: list[object] = [node.essence for node in live]
        if essence != self._seen:
            self._seen = essence
            for handler in self._watchers:
                handler(live)

    def _live(self) -> list[Node]:
        return sorted(self._nodes.values(), key=lambda node: node.id)

"""The Registry of one process, which is all the nodes there are."""

from collections.abc import Sequence

from chinwag.domain.ids import WORKERS
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.bus import NodeId
from chinwag.ports.registry import Node, Registry


class EmbeddedRegistry(Registry):
    """first_worker: the number leased first. It changes with each start, so that a clock set back between two

    starts does not bring the ids of the earlier one again.
    """

    def __init__(self, first_worker: int = 0) -> None:
        self._next = first_worker
        self._leased = 0
        self._nodes: dict[NodeId, Node] = {}

    async def register(self, node: Node) -> None:
        self._nodes[node.id] = node

    async def withdraw(self, node: NodeId) -> None:
        self._nodes.pop(node, None)

    async def nodes(self, role: str) -> Sequence[Node]:
        return [node for node in self._nodes.values() if role in node.roles]

    async def lease_worker(self) -> int:
        if self._leased == WORKERS:
            raise Refused(Code.UNAVAILABLE, "no worker number is free")
        self._leased += 1
        worker, self._next = self._next % WORKERS, self._next + 1
        return worker

    async def close(self) -> None:
        self._nodes.clear()
        self._leased = 0

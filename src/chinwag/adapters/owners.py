"""What every adapter of the Registry makes of the live nodes: whose the parts are, told when that changes."""

from collections.abc import Callable, Sequence

import structlog

from chinwag.domain.ownership import owner
from chinwag.ports.bus import NodeId
from chinwag.ports.registry import Duty, Node

_log = structlog.get_logger(__name__)


class _Watch:
    """Somebody who wants to know what a node owns. told: what it was told last."""

    __slots__ = ("duty", "handler", "node", "told")

    def __init__(self, duty: Duty, node: NodeId, handler: Callable[[frozenset[int]], None]) -> None:
        self.duty = duty
        self.node = node
        self.handler = handler
        self.told: frozenset[int] | None = None


class Owners:
    """The owners of all parts among the nodes that were seen last."""

    def __init__(self, alone: bool = False) -> None:
        """alone: there is but this process, so where no node has a role, whoever asks owns everything."""
        self._alone = alone
        self._nodes: Sequence[Node] = ()
        self._owners: dict[Duty, list[NodeId | None]] = {}
        self._watches: list[_Watch] = []

    def see(self, nodes: Sequence[Node]) -> None:
        """These live now. Whoever watches is told by `tell`."""
        self._nodes = nodes
        self._owners.clear()

    def owner(self, duty: Duty, part: int) -> NodeId | None:
        """As `Registry.owner`."""
        return self._of(duty)[part]

    def owned(self, duty: Duty, node: NodeId) -> frozenset[int]:
        """As `Registry.owned`."""
        owners = self._of(duty)
        if self._alone and owners[0] is None:
            return frozenset(range(duty.parts))
        return frozenset(part for part, of in enumerate(owners) if of == node)

    def watch(self, duty: Duty, node: NodeId, handler: Callable[[frozenset[int]], None]) -> Callable[[], None]:
        """As `Registry.watch_owned`; it is told first by the next `tell`."""
        watch = _Watch(duty, node, handler)
        self._watches.append(watch)

        def stop() -> None:
            if watch in self._watches:
                self._watches.remove(watch)

        return stop

    def tell(self) -> None:
        """Tell whoever watches and has not heard it."""
        for watch in tuple(self._watches):
            owned = self.owned(watch.duty, watch.node)
            if owned == watch.told or watch not in self._watches:
                continue
            watch.told = owned
            try:
                watch.handler(owned)
            except Exception:
                _log.exception("a change of owner could not be dealt with", duty=watch.duty.name)

    def _of(self, duty: Duty) -> list[NodeId | None]:
        owners = self._owners.get(duty)
        if owners is None:
            able = [node for node in self._nodes if duty.role in node.roles]
            names = [node.id for node in able if not node.draining] or [node.id for node in able]
            found = (owner(duty.name, part, names) for part in range(duty.parts))
            owners = self._owners[duty] = [None if one is None else NodeId(one) for one in found]
        return owners

"""What every Registry that several processes share makes of the nodes that it sees: told of when they change.

And a worker number that is held for as long as that is certain.
"""

import time
from collections.abc import Callable, Sequence

import structlog

from chinwag.adapters.owners import Owners
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.bus import NodeId
from chinwag.ports.registry import Duty, Node

_log = structlog.get_logger(__name__)


class WorkerLease:
    """A worker number of this process: a `WorkerNumber`. good_until: of `time.monotonic`."""

    def __init__(self) -> None:
        self.number = -1
        self.good_until = 0.0

    def __call__(self) -> int:
        """The number. Raises `Refused` (`unavailable`) while it may be somebody else's."""
        if time.monotonic() >= self.good_until:
            raise Refused(Code.UNAVAILABLE, "no worker number is held for certain", 1.0)
        return self.number


class SeenNodes:
    """The nodes that were seen last, and who is told of them.

    away: seconds without a look after which everybody else may have been taken for dead meanwhile; quiet: seconds that
    the others then get to come back as well, in which nobody is told of anything.
    """

    def __init__(self, away: float, quiet: float) -> None:
        self._away = away
        self._quiet = quiet
        self._owners = Owners()
        self._watchers: list[Callable[[Sequence[Node]], None]] = []
        self._essence: list[tuple[object, ...]] | None = None
        self._seen_at = time.monotonic()
        self._quiet_until = 0.0

    def watch(self, handler: Callable[[Sequence[Node]], None]) -> None:
        """As `Registry.watch`; it is told first by the next `see`."""
        self._watchers.append(handler)
        self._essence = None  # the next look tells everybody

    def owner(self, duty: Duty, part: int) -> NodeId | None:
        """As `Registry.owner`."""
        return self._owners.owner(duty, part)

    def owned(self, duty: Duty, node: NodeId) -> frozenset[int]:
        """As `Registry.owned`."""
        return self._owners.owned(duty, node)

    def watch_owned(self, duty: Duty, node: NodeId, handler: Callable[[frozenset[int]], None]) -> Callable[[], None]:
        """As `Registry.watch_owned`; it is told first by the next `see`."""
        return self._owners.watch(duty, node, handler)

    def see(self, live: Sequence[Node]) -> None:
        """These live now, in the order of their ids. Call it often: that shows whether the registry was away."""
        now = time.monotonic()
        away, self._seen_at = now - self._seen_at, now
        if away >= self._away:
            # The registry was away for so long that everybody may have been taken for dead, and the first to come back
            # would take itself for the only one. Let the others come back as well.
            self._quiet_until = now + self._quiet
        if now >= self._quiet_until:
            self._tell(live)

    def _tell(self, live: Sequence[Node]) -> None:
        essence = [node.essence for node in live]
        changed, self._essence = essence != self._essence, essence
        if changed:
            self._owners.see(live)
        self._owners.tell()
        for handler in self._watchers if changed else ():
            try:
                handler(live)
            except Exception:
                _log.exception("a change of the nodes could not be dealt with")

"""How a process stands in the Registry, from its first part to its last: what it owns follows from that, and who is
sent to it."""

import contextlib
from collections.abc import Callable
from typing import Final

import msgspec

from chinwag.assembly.part import Part
from chinwag.domain.refusal import Refused
from chinwag.ports.registry import Node, Registry
from chinwag.roles.gateway.beacon import Beacon


class Announced:
    """One process in the Registry. It takes nobody new before `opened`, nor while it is `away`.

    node: as it is once it takes people; sessions: how many it has.
    """

    def __init__(self, registry: Registry, node: Node, sessions: Callable[[], int]) -> None:
        self._node: Final = node
        self._beacon: Final = Beacon(registry, msgspec.structs.replace(node, capacity=0), sessions)

    def part(self) -> Part:
        """The process is known while its other parts start and stop: parts of the work may be its own by then."""

        async def stop() -> None:
            with contextlib.suppress(Refused):
                await self._beacon.stop()

        return Part(name="announced", start=self._beacon.start, stop=stop)

    def opened(self) -> Part:
        """Started last, it takes people; drained first, it takes nobody new, and its work goes to others."""

        async def start() -> None:
            await self._beacon.change(self._node)

        async def drain() -> None:
            with contextlib.suppress(Refused):  # with the database away, the lease tells it
                await self._beacon.change(msgspec.structs.replace(self._node, draining=True))

        return Part(name="opened", start=start, drain=drain)

    async def away(self) -> None:
        """It cannot do its work for now: nobody new is sent here, and its work goes to others, if there are any. Raises
        `Refused(UNAVAILABLE)`: then the lease tells it, or the next beat."""
        await self._beacon.change(msgspec.structs.replace(self._node, draining=True))

    async def back(self) -> None:
        """It can again."""
        await self._beacon.change(self._node)

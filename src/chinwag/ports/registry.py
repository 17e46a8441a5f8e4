"""The Registry: which nodes live, what they carry, and which worker numbers are taken."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import msgspec

from chinwag.ports.bus import NodeId

WorkerNumber: TypeAlias = Callable[[], int]
"""The number that is held at the moment of the call, which another call may find changed.

Raises `Refused` (`unavailable`) while it is not certain that it is held: an id made then might be somebody else's too.
"""


class Node(msgspec.Struct, frozen=True, omit_defaults=True):
    """One live process: its roles, the address for clients, its load, how much it takes, where it stands.

    draining: it is about to stop, and nobody new is sent to it.
    """

    id: NodeId
    roles: tuple[str, ...]
    url: str = ""
    sessions: int = 0
    capacity: int = 0
    location: str = ""
    draining: bool = False

    @property
    def essence(self) -> tuple[object, ...]:
        """What of it makes a change for who watches."""
        return self.id, self.roles, self.url, self.location, self.draining


class Registry(Protocol):
    """Nodes and leases.

    Guarantees: a node that stops or dies is gone from `nodes` within its lease (a few seconds); a worker
    number is held by one live process at a time, so that Snowflakes made with it are unique. It counts as held for
    two thirds of its lease after it was last confirmed, and one that was freed rests before another process gets it.
    """

    async def register(self, node: Node) -> None:
        """Say that `node` lives and carries this; again with new figures as they change."""
        ...

    async def withdraw(self, node: NodeId) -> None:
        """Say that the node stops."""
        ...

    async def nodes(self, role: str) -> Sequence[Node]:
        """The live nodes with that role."""
        ...

    def watch(self, handler: Callable[[Sequence[Node]], None]) -> None:
        """Call `handler`, on the event loop, with all live nodes: soon, and whenever one comes, goes, begins to drain,
        or changes its roles or address. How many sessions it has is no change."""
        ...

    async def lease_worker(self) -> WorkerNumber:
        """A worker number for Snowflakes that no other live process holds, until `close`."""
        ...

    async def close(self) -> None:
        """Give back the lease and withdraw what was registered."""
        ...

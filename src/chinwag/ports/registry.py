"""The Registry: which nodes live, what they carry, and which worker numbers are taken."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from chinwag.ports.bus import NodeId


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


class Registry(Protocol):
    """Nodes and leases.

    Guarantees: a node that stops or dies is gone from `nodes` within its lease (a few seconds); a worker
    number is held by one live process at a time, so that Snowflakes made with it are unique.
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

    async def lease_worker(self) -> int:
        """A worker number for Snowflakes that no other live process holds, until `close`."""
        ...

    async def close(self) -> None:
        """Give back the lease and withdraw what was registered."""
        ...

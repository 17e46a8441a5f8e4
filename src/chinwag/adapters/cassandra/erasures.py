"""When each node last began to take out of its files what was overwritten or deleted.

Cassandra writes its files itself: a tool of each node's own must be run for that, and this is where it stands that it
was. The rows' timestamps are times of a wall clock, which nothing else in the keyspace has.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.stamps import stamp
from chinwag.adapters.cassandra.statements import Read, insert

_NODES: Final = Read("SELECT address, host_id, status, status_with_port FROM system_views.gossip_info")
_BEGUN: Final = Read("SELECT node, begun FROM erasures")
_NOTE: Final = insert("erasures", "node begun", 1)
_GONE: Final = ("left", "remov", "boot", "hibernate")
"""How the state begins of one that is no longer, or not yet, a node of the ring."""


class RingNode(NamedTuple):
    """A node that has rows, as the ring knows it. id: its own for ever; host: where it is now."""

    id: str
    host: str


class Erasures:
    """Of one process. All calls raise `Refused(UNAVAILABLE)`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def nodes(self) -> Sequence[RingNode]:
        """All nodes of the ring, also those that are away, by host."""
        found = []
        for address, id_, state, with_port in await self._database.rows(_NODES):
            if id_ and in_ring(state, with_port):
                found.append(RingNode(str(id_), str(address)))
        return sorted(found, key=lambda node: node.host)

    async def begun(self) -> dict[str, int]:
        """By node: all that was overwritten or deleted before this time (milliseconds since 1970) is in none of its
        files. Also of nodes that have left."""
        return {bytes(node).decode(): int(at) for node, at in await self._database.rows(_BEGUN)}

    async def note(self, node: str, begun: int) -> None:
        """It is done on a node, and was begun then. An earlier time than before is void."""
        await self._database.write([(_NOTE, (node.encode(), begun, stamp(0, begun // 1000)))])


def in_ring(state: object, with_port: object) -> bool:
    """Whether a node whose gossip says that is one of the ring, also if it is away."""
    return not str(state or with_port or "").lower().startswith(_GONE)

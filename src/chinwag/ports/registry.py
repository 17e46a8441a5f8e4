"""The Registry: which nodes live, what they carry, and which worker numbers are taken."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeAlias

import msgspec

from chinwag.domain import presence
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


class Duty(msgspec.Struct, frozen=True):
    """Work that the nodes of a role share out among them, in parts numbered from 0: each part has one owner."""

    name: str
    role: str
    parts: int = 1


PRESENCE: Final = Duty("presence", "presence", presence.PARTS)
"""Who is online: the accounts, in as many parts (`domain.presence.part_of`)."""


def log_duty(partitions: int) -> Duty:
    """The partitions of the log, of which there are `Log.partitions`."""
    return Duty("log", "delivery", partitions)


def job_duty(job: str) -> Duty:
    """A job of the housekeeping: one part, whose owner does it."""
    return Duty(f"job.{job}", "housekeeping")


class Registry(Protocol):
    """Nodes and leases, and what follows from them: whose the parts of a duty are.

    Guarantees: a node that stops or dies is gone from `nodes` within its lease (a few seconds); a worker
    number is held by one live process at a time, so that Snowflakes made with it are unique. It counts as held for
    two thirds of its lease after it was last confirmed, and one that was freed rests before another process gets it.

    Owners follow from the live nodes alone (`domain.ownership`), so all processes that see the same nodes find the
    same ones; those that drain are owners only where there is nobody else. For a while two processes may see different
    nodes, and then both or neither own a part: whatever must not be done twice is fenced by a store, or safe to do
    twice. While the registry itself is away, what was seen last holds. Where no node has the role, an adapter of one
    process says that whoever asks owns everything, any other that nobody does.
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

    def owner(self, duty: Duty, part: int) -> NodeId | None:
        """Whose that part is, as this process sees it now; None if it is nobody's."""
        ...

    def owned(self, duty: Duty, node: NodeId) -> frozenset[int]:
        """The parts that `node` owns, as this process sees it now."""
        ...

    def watch_owned(self, duty: Duty, node: NodeId, handler: Callable[[frozenset[int]], None]) -> Callable[[], None]:
        """Call `handler`, on the event loop, with the parts that `node` owns: soon, and whenever they change, until the
        returned function is called. By then `owner` and `owned` say the same."""
        ...

    async def lease_worker(self) -> WorkerNumber:
        """A worker number for Snowflakes that no other live process holds, until `close`."""
        ...

    async def close(self) -> None:
        """Give back the lease and withdraw what was registered."""
        ...

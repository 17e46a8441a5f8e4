"""The Registry on ZooKeeper: ephemeral nodes, which end with the session of the process that made them.

`nodes/ID` says what of a node matters to those who watch, `loads/ID` all of it: figures change often, and wake nobody.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import partial

import msgspec
import structlog

from chinwag.adapters.plain_token import token
from chinwag.adapters.seen_nodes import SeenNodes
from chinwag.adapters.zookeeper.connection import MissingError, ThereError, ZooKeeperConnection
from chinwag.adapters.zookeeper.numbers import REST_SECONDS, Numbers
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.cancelled import told_to_end
from chinwag.ports.bus import NodeId
from chinwag.ports.registry import Duty, Node, Registry, WorkerNumber

VERSION = b"1"
"""Of what stands below the cluster's path."""

_log = structlog.get_logger(__name__)


async def make_registry(connection: ZooKeeperConnection) -> None:
    """Make what the registry lies in, where it is not there. Raises `Refused` (`unavailable`)."""
    for path in ("nodes", "loads", "workers", "epochs"):
        await connection.make(path)
    with contextlib.suppress(ThereError):
        await connection.create("version", VERSION)


class _Seen:
    """A node that lives, as it was read. stale: it may have changed since."""

    def __init__(self) -> None:
        self.node: Node | None = None
        self.stale = True
        self.watched = False


class ZooKeeperRegistry(Registry):
    """Of one process, on a connection that is its own from now on. rest: seconds, as `Numbers`."""

    @classmethod
    async def open(cls, connection: ZooKeeperConnection, *, rest: float = REST_SECONDS) -> "ZooKeeperRegistry":
        """Begin, where `make_registry` was called once. Raises `Refused` (`unavailable`), also where it was not."""
        try:
            version, _ = await connection.get("version")
        except MissingError:
            raise Refused(
                Code.UNAVAILABLE, "ZooKeeper holds no registry of this cluster yet: run `chinwag cluster init`"
            ) from None
        if version != VERSION:
            raise Refused(Code.UNAVAILABLE, "ZooKeeper holds a registry of another version of Chinwag: use that one")
        return cls(connection, rest)

    def __init__(self, connection: ZooKeeperConnection, rest: float) -> None:
        session = connection.session_seconds
        self._connection = connection
        self._nodes: dict[NodeId, Node] = {}
        self._numbers = Numbers(connection, rest)
        self._live: dict[NodeId, _Seen] = {}
        self._watched = False
        # a connection that comes back is looked for twice a second, and then nodes are made anew
        self._seen = SeenNodes(away=session / 2, quiet=session / 2 + 1.0)
        self._look = asyncio.Event()
        self._renewing = asyncio.Lock()
        self._pause = session / 5
        connection.on_back(self._look.set)
        self._task = asyncio.create_task(self._renew_all(), name="registry")

    async def register(self, node: Node) -> None:
        token(node.id)
        async with self._renewing:
            before = self._nodes.get(node.id)
            if before == node:
                return
            await self._put(node, before)
            self._nodes[node.id] = node
        if before is None or before.essence != node.essence:
            self._look.set()

    async def withdraw(self, node: NodeId) -> None:
        async with self._renewing:
            self._nodes.pop(node, None)
            for path in (f"nodes/{node}", f"loads/{node}"):
                with contextlib.suppress(MissingError):
                    await self._connection.delete(path)
        self._look.set()

    async def nodes(self, role: str) -> Sequence[Node]:
        names = sorted(await self._connection.children("nodes"))
        found = await asyncio.gather(*(self._load(name) for name in names))
        return [node for node in found if node is not None and role in node.roles]

    def watch(self, handler: Callable[[Sequence[Node]], None]) -> None:
        self._seen.watch(handler)
        self._look.set()

    def owner(self, duty: Duty, part: int) -> NodeId | None:
        return self._seen.owner(duty, part)

    def owned(self, duty: Duty, node: NodeId) -> frozenset[int]:
        return self._seen.owned(duty, node)

    def watch_owned(self, duty: Duty, node: NodeId, handler: Callable[[frozenset[int]], None]) -> Callable[[], None]:
        self._look.set()
        return self._seen.watch_owned(duty, node, handler)

    async def lease_worker(self) -> WorkerNumber:
        async with self._renewing:
            return await self._numbers.lease()

    async def close(self) -> None:
        """As `Registry.close`; the connection stays open."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(Refused):  # else they end with the session
            await self._numbers.free()
            for node in list(self._nodes):
                await self.withdraw(node)

    async def _renew_all(self) -> None:
        """Confirm what is ours five times a session, and look who else lives; at once when there is something new."""
        while not told_to_end():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause):
                    await self._look.wait()
            self._look.clear()
            try:
                async with self._renewing:
                    await self._numbers.confirm()
                    await self._put_back()
                await self._look_around()
            except Refused as refused:
                _log.warning("the registry is away", error=str(refused))
            except Exception:
                _log.exception("the registry could not be renewed")

    async def _put_back(self) -> None:
        """Make again what went with an earlier session."""
        if not self._nodes:
            return
        there = set(await self._connection.children("nodes"))
        for node in [node for name, node in self._nodes.items() if name not in there]:
            await self._put(node, None)

    async def _put(self, node: Node, before: Node | None) -> None:
        """Say what `node` is; before: what was said of it last. In this order it is found once all is there."""
        await self._write(f"loads/{node.id}", msgspec.json.encode(node))
        if before is None or before.essence != node.essence:
            await self._write(f"nodes/{node.id}", msgspec.json.encode(msgspec.structs.replace(node, sessions=0)))

    async def _write(self, path: str, content: bytes) -> None:
        try:
            await self._connection.create(path, content, ephemeral=True)
        except ThereError:
            stat = await self._connection.set(path, content)
            if stat.owner != self._connection.session:  # left of an earlier session of ours, with which it will end
                with contextlib.suppress(MissingError):
                    await self._connection.delete(path)
                await self._connection.create(path, content, ephemeral=True)

    async def _load(self, name: str) -> Node | None:
        with contextlib.suppress(MissingError, msgspec.DecodeError):
            return msgspec.json.decode((await self._connection.get(f"loads/{name}"))[0], type=Node)
        return None  # it went in this moment, or is of a version that says it otherwise

    async def _look_around(self) -> None:
        watch = None if self._watched else self._children_changed
        self._watched = True  # it may be told before this has an answer
        try:
            names = await self._connection.children("nodes", watch)
        except BaseException:
            self._watched = False
            raise
        self._live = {NodeId(name): self._live.get(NodeId(name)) or _Seen() for name in sorted(names)}
        stale = {name: seen for name, seen in self._live.items() if seen.stale}
        await asyncio.gather(*(self._read(name, seen) for name, seen in stale.items()))
        self._seen.see([seen.node for seen in self._live.values() if seen.node is not None])

    async def _read(self, name: NodeId, seen: _Seen) -> None:
        watch = None if seen.watched else partial(self._node_changed, seen)
        seen.stale, seen.watched = False, True  # it may be told before this has an answer
        try:
            content, _ = await self._connection.get(f"nodes/{name}", watch)
            seen.node = msgspec.json.decode(content, type=Node)
        except (MissingError, msgspec.DecodeError):
            seen.node, seen.stale, seen.watched = None, True, False
        except BaseException:
            seen.stale, seen.watched = True, False
            raise

    def _children_changed(self) -> None:
        self._watched = False
        self._look.set()

    def _node_changed(self, seen: _Seen) -> None:
        seen.watched, seen.stale = False, True
        self._look.set()

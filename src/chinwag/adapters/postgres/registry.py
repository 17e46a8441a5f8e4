"""The Registry on PostgreSQL: leases by the database's own clock, renewed while the process lives."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Sequence
from importlib import resources
from typing import Any, Final

import asyncpg
import msgspec
import structlog

from chinwag.adapters.postgres.database import connected, refusing
from chinwag.adapters.postgres.schema import MissingSchemaError, NewerSchemaError
from chinwag.adapters.seen_nodes import SeenNodes, WorkerLease
from chinwag.domain.ids import WORKERS
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.cancelled import told_to_end
from chinwag.ports.bus import NodeId
from chinwag.ports.registry import Duty, Node, Registry, WorkerNumber

VERSION: Final = 1
LEASE_SECONDS: Final = 5.0
"""How long a node or a worker number outlives the process that has stopped confirming it."""
REST_SECONDS: Final = 60.0
"""How long a worker number that was freed rests before somebody else gets it."""
PATIENCE: Final = 2.0
"""Seconds that a call may take."""
_LOCK: Final = 0x72656769

_REGISTER: Final = """
    INSERT INTO registry.nodes AS n (id, roles, about, until)
    SELECT g.id, string_to_array(g.roles, ','), g.about, clock_timestamp() + make_interval(secs => $4)
    FROM unnest($1::text[], $2::text[], $3::bytea[]) AS g (id, roles, about) ORDER BY g.id
    ON CONFLICT (id) DO UPDATE SET roles = excluded.roles, about = excluded.about, until = excluded.until"""
_LIVE: Final = "SELECT about FROM registry.nodes WHERE until > clock_timestamp() ORDER BY id"
_SWEEP: Final = "DELETE FROM registry.nodes WHERE until < clock_timestamp() - interval '1 hour'"
_WITHDRAW: Final = "DELETE FROM registry.nodes WHERE id = ANY ($1::text[])"
_CLAIM: Final = """
    UPDATE registry.workers SET holder = $1, until = clock_timestamp() + make_interval(secs => $2)
    WHERE number = (
        SELECT number FROM registry.workers WHERE until + make_interval(secs => $3) < clock_timestamp()
        ORDER BY until, number LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING number"""
_CONFIRM: Final = """
    UPDATE registry.workers SET until = clock_timestamp() + make_interval(secs => $3)
    WHERE number = ANY ($1::integer[]) AND holder = $2 AND until > clock_timestamp() RETURNING number"""
_FREE: Final = "UPDATE registry.workers SET until = clock_timestamp() WHERE holder = $1 AND until > clock_timestamp()"

_log = structlog.get_logger(__name__)


async def make_registry(url: str) -> None:
    """Make the registry's tables in the database at `url` if they are not there. Raises `NewerSchemaError`, and
    `Refused(UNAVAILABLE)`."""
    async with connected(url) as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        if await _version(connection) is None:
            await connection.execute((resources.files(__package__) / "registry.sql").read_text())
            await connection.execute("INSERT INTO registry.version VALUES ($1)", VERSION)
            await connection.execute(
                "INSERT INTO registry.workers (number) SELECT * FROM generate_series(0, $1)", WORKERS - 1
            )


class PostgresRegistry(Registry):
    """Of one process. lease, rest: seconds, as above; the same in every process of a cluster."""

    @classmethod
    async def open(
        cls, url: str, *, lease: float = LEASE_SECONDS, rest: float = REST_SECONDS, patience: float = PATIENCE
    ) -> "PostgresRegistry":
        """Connect to a database whose tables were made. Raises `MissingSchemaError`, `NewerSchemaError`, and
        `Refused(UNAVAILABLE)`."""
        async with connected(url, patience) as connection:
            if await _version(connection) is None:
                raise MissingSchemaError("this database holds no registry yet: run `chinwag cluster init`")
        with refusing():
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=2,
                timeout=patience,
                command_timeout=patience,
                server_settings={
                    "application_name": "chinwag registry",
                    "lock_timeout": f"{patience}s",
                    "default_transaction_isolation": "read committed",
                },
            )
        return cls(pool, lease, rest, patience)

    def __init__(self, pool: Any, lease: float, rest: float, patience: float) -> None:
        self._pool = pool
        self._lease = lease
        self._rest = rest
        self._patience = patience
        self._holder = secrets.token_hex(8)
        self._nodes: dict[NodeId, Node] = {}
        self._leases: list[WorkerLease] = []
        self._seen = SeenNodes(away=lease / 2, quiet=lease / 2)
        self._look = asyncio.Event()
        self._task = asyncio.create_task(self._renew(), name="registry")

    async def register(self, node: Node) -> None:
        await self._register([node])
        before, self._nodes[node.id] = self._nodes.get(node.id), node
        if before is None or before.essence != node.essence:
            self._look.set()

    async def withdraw(self, node: NodeId) -> None:
        self._nodes.pop(node, None)
        await self._fetch(_WITHDRAW, [node])
        self._look.set()

    async def nodes(self, role: str) -> Sequence[Node]:
        return [node for node in await self._live() if role in node.roles]

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
        lease = WorkerLease()
        await self._claim(lease)
        self._leases.append(lease)
        return lease

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        for lease in self._leases:
            lease.good_until = 0.0
        with contextlib.suppress(Refused):  # the leases end by themselves
            await self._fetch(_FREE, self._holder)
            await self._fetch(_WITHDRAW, list(self._nodes))
        try:
            await asyncio.wait_for(self._pool.close(), self._patience)
        except Exception:
            self._pool.terminate()

    async def _renew(self) -> None:
        """Confirm what is ours five times a lease, and look who else lives; at once when there is something new."""
        while not told_to_end():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._lease / 5):
                    await self._look.wait()
            self._look.clear()
            try:
                if self._leases:
                    await self._confirm()
                if self._nodes:
                    await self._register(list(self._nodes.values()))
                self._seen.see(await self._live())
                if not secrets.randbelow(1_000):
                    await self._fetch(_SWEEP)
            except Refused as refused:
                _log.warning("the registry is away", error=str(refused))
            except Exception:
                _log.exception("the registry could not be renewed")

    async def _register(self, nodes: Sequence[Node]) -> None:
        await self._fetch(
            _REGISTER,
            [node.id for node in nodes],
            [",".join(node.roles) for node in nodes],
            [msgspec.json.encode(node) for node in nodes],
            self._lease,
        )

    async def _live(self) -> list[Node]:
        found = []
        for (about,) in await self._fetch(_LIVE):
            with contextlib.suppress(msgspec.DecodeError):  # of a version that says it otherwise
                found.append(msgspec.json.decode(about, type=Node))
        return found

    async def _claim(self, lease: WorkerLease) -> None:
        began = time.monotonic()
        found = await self._fetch(_CLAIM, self._holder, self._lease, self._rest)
        if not found:
            raise Refused(Code.UNAVAILABLE, "no worker number is free", 5.0)
        lease.number = found[0][0]
        lease.good_until = began + self._lease * 2 / 3

    async def _confirm(self) -> None:
        began, leases = time.monotonic(), list(self._leases)
        found = await self._fetch(_CONFIRM, [lease.number for lease in leases], self._holder, self._lease)
        held = {number for (number,) in found}
        for lease in leases:
            if lease.number in held:
                lease.good_until = began + self._lease * 2 / 3
            else:
                _log.warning("a worker number was lost", number=lease.number)
                lease.good_until = 0.0
                await self._claim(lease)

    async def _fetch(self, statement: str, *values: object) -> Sequence[Sequence[Any]]:
        with refusing():
            async with self._pool.acquire(timeout=self._patience) as connection:
                found: Sequence[Sequence[Any]] = await connection.fetch(statement, *values)
                return found


async def _version(connection: Any) -> int | None:
    if await connection.fetchval("SELECT to_regclass('registry.version') IS NULL"):
        return None
    number: int = await connection.fetchval("SELECT number FROM registry.version")
    if number > VERSION:
        raise NewerSchemaError(
            f"the registry's tables are of schema {number}, and this version of Chinwag knows {VERSION} at most: "
            "use the version that made them, or a newer one"
        )
    return number

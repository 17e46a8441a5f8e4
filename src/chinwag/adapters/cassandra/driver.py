"""The driver of Cassandra, which no other module knows: statements go in, rows as tuples come out.

It is acsylla: native to asyncio, over a library in C++ (docs/decisions/cassandra-driver.md). Everything asked of it may
be asked twice, as all writes have timestamps of their own; so a request that a node does not answer soon goes to
another one as well.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import acsylla
import msgspec
from acsylla import errors

from chinwag.adapters.cassandra.hedging import hedged
from chinwag.adapters.cassandra.statements import Read, Values, Write, stamped
from chinwag.domain.refusal import Code, NoAnswerError, Refused

REQUEST_SECONDS: Final = 2.0
"""How long one try of a request may take."""
LOST_SECONDS: Final = 3 * REQUEST_SECONDS
"""Without an answer or an error of the driver for so long, its answer counts as lost."""
CONNECT_SECONDS: Final = 5.0
SCHEMA_SECONDS: Final = 90.0
"""How long a definition may take until all nodes have heard of it: one that missed it asks once a minute."""
SPECULATIVE_MS: Final = 150
"""After so long without an answer another node is asked as well."""
SPECULATIVE_MOST: Final = 2
RECONNECT_MS: Final = 500
"""So often a node that is away is asked whether it is there again."""
HEARTBEAT_SECONDS: Final = 2
"""After so long without a request a connection is asked whether it lives."""
SILENT_SECONDS: Final = 10
"""A connection on which nothing comes for so long is given up, and its node is away until it takes another one."""
PAGE_ROWS: Final = 1_000

_NO: Final = (
    errors.CassErrorServerInvalidQuery,
    errors.CassErrorServerSyntaxError,
    errors.CassErrorServerUnauthorized,
    errors.CassErrorServerBadCredentials,
    errors.CassErrorServerConfigError,
    errors.CassErrorServerAlreadyExists,
    errors.CassErrorServerProtocolError,
    errors.CassErrorLibInvalidValueType,
    errors.CassErrorLibNullValue,
)
"""What a server says to what it will never do."""
_AWAY: Final = (
    errors.CassErrorServerUnavailable,
    errors.CassErrorServerReadTimeout,
    errors.CassErrorServerIsBootstrapping,
    errors.CassErrorServerOverloaded,
    errors.CassErrorLibRequestTimedOut,
    errors.CassErrorLibNoHostsAvailable,
    errors.CassErrorLibUnableToConnect,
)
"""No node that was asked could answer, or too few of them."""

Row = tuple[Any, ...]


class CassandraServers(msgspec.Struct, frozen=True, kw_only=True):
    """Where Cassandra is, who we are there, and whose rows these are.

    hosts: some of the nodes, one at least; the others are learnt. port: of all. keyspace: letters, digits and `_`, with
    a small letter first. datacenter: the nodes that this process asks, as they call it themselves. tls_ca: the
    certificates (PEM) of those who may have signed the nodes'; empty: not encrypted.
    """

    hosts: tuple[str, ...]
    port: int = 9042
    keyspace: str = "chinwag"
    datacenter: str = "datacenter1"
    user: str = ""
    password: str = ""
    tls_ca: str = ""


class Asked(msgspec.Struct):
    """What a driver was asked for since it began. reads: statements, found: the rows that they found; writes: requests,
    rows: the changes in them."""

    reads: int = 0
    found: int = 0
    writes: int = 0
    rows: int = 0


class DriverError(Exception):
    """A request failed. no: the server said that it will never do it; else it may have been done. away: too few nodes
    answered."""

    def __init__(self, text: str, *, no: bool, away: bool = False) -> None:
        super().__init__(text)
        self.no = no
        self.away = away

    @property
    def words(self) -> str:
        """What the driver says, without the name of the error's class: for people who do not know it."""
        return str(self).partition(": ")[2] or str(self)

    def refusal(self, words: str) -> Refused:
        """The same as a refusal, with words before what the driver says."""
        detail = f"{words}: {self}"
        return NoAnswerError(detail) if self.away else Refused(Code.UNAVAILABLE, detail, 1.0)


class Driver:
    """A session with the nodes of one datacenter. Reads and writes are of LOCAL_QUORUM."""

    @classmethod
    async def connect(cls, servers: CassandraServers, *, keyspace: bool = True, alone: bool = False) -> "Driver":
        """keyspace: whether it is there already, so that statements mean its tables. alone: no other nodes than those
        that are named are asked. Raises `DriverError`."""
        more: dict[str, object] = {}
        if servers.tls_ca:
            more = {
                "ssl_enabled": True,
                "ssl_trusted_cert": servers.tls_ca,
                "ssl_verify_flags": acsylla.SSLVerifyFlags.PEER_IDENTITY,
            }
        if alone:
            more["whitelist_hosts"] = ",".join(servers.hosts)
        if servers.user:
            more |= {"username": servers.user, "password": servers.password}
        async with _telling(SCHEMA_SECONDS):
            cluster = acsylla.create_cluster(
                list(servers.hosts),
                port=servers.port,
                connect_timeout=CONNECT_SECONDS,
                request_timeout=REQUEST_SECONDS,
                consistency=acsylla.Consistency.LOCAL_QUORUM,
                load_balance_dc_aware=servers.datacenter,
                constant_reconnect_delay_ms=RECONNECT_MS,
                # if this one has a value, as it has by itself, the one above is ignored
                exponential_reconnect_base_delay_ms=None,
                heartbeat_interval_sec=HEARTBEAT_SECONDS,
                idle_timeout_sec=SILENT_SECONDS,
                # else nothing is prepared while one node stands still; the others are told when they need it
                prepare_on_all_hosts=False,
                speculative_execution_policy=acsylla.SpeculativeExecutionPolicy(SPECULATIVE_MS, SPECULATIVE_MOST),
                retry_policy="fallthrough",
                # a node that has not heard of a table yet answers nothing about it, and on a slow machine that lasts
                max_schema_wait_time_ms=int(SCHEMA_SECONDS * 1000),
                application_name="chinwag",
                log_level="critical",
                **more,
            )
            return cls(await cluster.create_session(keyspace=servers.keyspace if keyspace else None))

    def __init__(self, session: Any) -> None:
        self.asked = Asked()
        self._session = session
        self._prepared: dict[str, Any] = {}
        self._preparing = asyncio.Lock()

    async def rows(self, statement: Read, values: Values) -> list[Row]:
        """What it finds. Raises `DriverError`."""
        found: list[Row] = []
        self.asked.reads += 1
        state: bytes | None = None
        while True:
            some, state = await self.page(statement, values, state)
            found += some
            if state is None:
                self.asked.found += len(found)
                return found

    async def page(self, statement: Read, values: Values, after: bytes | None) -> tuple[list[Row], bytes | None]:
        """The next of what it finds, and where it goes on; None: that was all. after: what the page before gave; None:
        the first. Raises `DriverError`."""
        async with _telling():
            prepared = self._prepared.get(statement.cql) or await self._prepare(statement.cql)
            bound = prepared.bind(values, page_size=PAGE_ROWS, page_state=after)
            bound.set_is_idempotent(True)
            result = await self._session.execute(bound)
            return [row.as_tuple() for row in result], result.page_state() if result.has_more_pages() else None

    async def write(self, writes: Sequence[tuple[Write, Values]]) -> None:
        """Make changes as one request, those of one partition all or none. Raises `DriverError`: then they may be made
        all the same, also later."""
        async with _telling():
            self.asked.writes += 1
            self.asked.rows += len(writes)
            bound = []
            for statement, values in writes:
                prepared = self._prepared.get(statement.cql) or await self._prepare(statement.cql)
                bound.append(prepared.bind(values))
            if len(bound) == 1:
                bound[0].set_is_idempotent(True)
                await self._session.execute(bound[0])
                return
            batch = acsylla.create_batch_unlogged()
            batch.set_is_idempotent(True)
            for one in bound:
                batch.add_statement(one)
            await self._session.execute_batch(batch)

    async def define(self, cql: str) -> None:
        """Make a keyspace or a table, or empty one. Raises `DriverError`."""
        assert cql.split()[0] in ("CREATE", "ALTER", "DROP", "TRUNCATE")
        async with _telling(SCHEMA_SECONDS):
            await self._session.execute(acsylla.create_statement(cql, timeout=SCHEMA_SECONDS))

    async def close(self) -> None:
        """Let go of all connections."""
        with contextlib.suppress(DriverError):
            async with _telling():
                await self._session.close()

    async def _prepare(self, cql: str) -> Any:
        async with self._preparing:
            if cql not in self._prepared:
                assert stamped(cql), "a write without a timestamp is void beside all others"
                # the driver itself asks no second node for this
                self._prepared[cql] = await hedged(
                    lambda: self._session.create_prepared(cql),
                    after=SPECULATIVE_MS / 1000,
                    more=SPECULATIVE_MOST,
                    final=_NO,
                )
        return self._prepared[cql]


@contextlib.asynccontextmanager
async def _telling(seconds: float = 0.0) -> AsyncIterator[None]:
    """What the driver raises, as `DriverError`. seconds: longer than usual it may take before its answer counts as
    lost."""
    try:
        async with asyncio.timeout(seconds + LOST_SECONDS):
            yield
    except TimeoutError as error:
        raise DriverError("the driver does not answer", no=False, away=True) from error
    except errors.CassException as error:
        raise DriverError(
            f"{type(error).__name__}: {error}", no=isinstance(error, _NO), away=isinstance(error, _AWAY)
        ) from error

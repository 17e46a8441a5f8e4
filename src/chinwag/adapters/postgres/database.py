"""The connections to PostgreSQL, as many as are allowed, each call bounded in time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Final

import asyncpg
import structlog

from chinwag.adapters.postgres import schema
from chinwag.adapters.postgres.complaints import Complaints
from chinwag.adapters.postgres.half_moved import refuse_if_gone, refuse_if_half
from chinwag.domain.refusal import Code, Refused

PATIENCE: Final = 10.0
"""Seconds that a call may take, the wait for a free connection among them."""
SETTLING: Final = 5.0
"""Seconds for which a commit without an answer tries to learn what became of it; after that, `reopen` does."""
CONNECTIONS: Final = 10
LOCK_SECONDS: Final = 5
"""Seconds that a statement waits for one lock."""
STATEMENTS: Final = 100
"""Prepared statements that a connection keeps: more than there are different ones here."""

_SETTINGS: Final = {
    "application_name": "chinwag messages",
    # What waits for another's lock goes on with what that one has left, whatever the server's default is.
    "default_transaction_isolation": "read committed",
    "lock_timeout": f"{LOCK_SECONDS}s",
    # A process that is stopped in the middle of a transaction keeps its locks no longer than this.
    "idle_in_transaction_session_timeout": f"{LOCK_SECONDS}s",
    # Every statement here goes by an index, however small a table was when the statement was planned.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
WEAK: Final = ("off", "local", "remote_write")
"""Values of synchronous_commit with which what was acked may be gone after a fault."""

Row = Sequence[Any]
_log = structlog.get_logger(__name__)
_complaints: Final = Complaints("PostgreSQL does not do what was asked", _log)


class UnknownOutcomeError(Exception):
    """A statement was sent, and no answer says whether it took effect."""


class Database:
    """A pool of connections to the primary.

    Every call raises `Refused(UNAVAILABLE)` when PostgreSQL does not answer in time, or says no.
    """

    @classmethod
    async def open(
        cls, url: str, *, connections: int = CONNECTIONS, patience: float = PATIENCE, messages: bool = True
    ) -> "Database":
        """Connect to a database whose schema was made (`schema.create`). messages: whether those that are there are
        wanted; they may have moved on else.

        Raises `schema.SchemaError` for one that this version cannot work with, `HalfMovedError`, `GoneError`, and
        `Refused(UNAVAILABLE)`.
        """
        partitions = 0
        async with connected(url, patience) as connection:
            if messages:
                await refuse_if_gone(connection)
                partitions = await schema.verify(connection)
            await refuse_if_half(connection)
        with refusing():
            pool = await asyncpg.create_pool(
                url,
                min_size=0,
                max_size=connections,
                timeout=patience,
                command_timeout=patience,
                statement_cache_size=STATEMENTS,
                max_cached_statement_lifetime=0,
                server_settings=_SETTINGS,
                init=_look,
                reset=_as_it_is,
            )
        database = cls(pool, partitions, patience)
        try:
            await database.rows("SELECT 1")  # the first connection, which looks where it leads
        except BaseException:
            pool.terminate()
            raise
        return database

    def __init__(self, pool: Any, partitions: int, patience: float) -> None:
        self.partitions = partitions
        """How many partitions the log has, if its messages are wanted."""
        self.patience = patience
        self._pool = pool

    async def rows(self, statement: str, *values: object) -> list[Row]:
        """What a statement finds."""
        with refusing():
            async with self._pool.acquire(timeout=self.patience) as connection:
                found: list[Row] = await connection.fetch(statement, *values)
                return found

    async def row(self, statement: str, *values: object) -> Row | None:
        """The first row that a statement finds."""
        found = await self.rows(statement, *values)
        return found[0] if found else None

    async def write(self, statement: str, *values: object) -> Any:
        """What a statement gives, its first column. As `rows`, but raises `UnknownOutcomeError` where it may have taken
        effect although no answer came."""
        with refusing():
            connection = await self._pool.acquire(timeout=self.patience)
        try:
            return await connection.fetchval(statement, *values)
        except Exception as error:
            if not _said_no(error):
                raise UnknownOutcomeError from error
            raise refusal(error) from error
        finally:
            with contextlib.suppress(Exception):
                await self._pool.release(connection)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """A connection inside a transaction, which is committed at the end of the block. If that raises `unavailable`,
        it may have been committed."""
        with refusing():
            async with self._pool.acquire(timeout=self.patience) as connection, connection.transaction():
                yield connection

    async def close(self) -> None:
        """Let go of all connections; of those that are busy after `patience` seconds by force."""
        try:
            await asyncio.wait_for(self._pool.close(), self.patience)
        except Exception:
            self._pool.terminate()


@contextlib.asynccontextmanager
async def connected(url: str, patience: float = PATIENCE) -> AsyncIterator[Any]:
    """One connection, for a look or a change of the schema. Raises `Refused(UNAVAILABLE)`."""
    with refusing():
        connection = await asyncpg.connect(url, timeout=min(patience, PATIENCE), command_timeout=patience)
    try:
        yield connection
    finally:
        with contextlib.suppress(Exception):
            await connection.close(timeout=min(patience, PATIENCE))


_DRIVER: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What asyncpg raises; the last where a connection broke in the midst of something."""


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """What PostgreSQL, its driver or the network says, as `unavailable`."""
    try:
        yield
    except (Refused, schema.SchemaError):
        raise
    except (*_DRIVER, OSError, TimeoutError, EOFError) as error:
        raise refusal(error) from error


def refusal(error: BaseException) -> Refused:
    """The refusal that a failure becomes; the log alone is told what PostgreSQL said, without the values in it."""
    _complaints.tell(error)
    return Refused(Code.UNAVAILABLE, "the message store does not answer", 1.0)


def _said_no(error: Exception) -> bool:
    """Whether the server itself told that the statement failed. When a session is ended from outside, its transaction
    may have been committed before."""
    if isinstance(error, asyncpg.InternalClientError):
        return False
    if isinstance(error, asyncpg.InterfaceError):
        return isinstance(error, asyncpg.DataError)  # it never left: a value has no form on the wire
    state = getattr(error, "sqlstate", None) or ""
    return bool(state) and not state.startswith(("08", "57P", "58", "XX"))


async def _look(connection: Any) -> None:
    """A new connection: only to a primary, with an eye on its timeline, and never with weak commits."""
    if await connection.fetchval("SELECT pg_is_in_recovery()"):
        raise Refused(Code.UNAVAILABLE, "PostgreSQL there is a standby", 1.0)
    if await connection.fetchval("SHOW synchronous_commit") in WEAK:
        await connection.execute("SET synchronous_commit = on")
    if await connection.fetchval("SELECT messages.live_1(false)"):
        _log.warning("PostgreSQL goes on from another point in time: cursors and the log begin a new epoch")


async def _as_it_is(_: Any) -> None:
    """Nothing that is done here changes a connection: no need to ask the server to undo it after each call."""

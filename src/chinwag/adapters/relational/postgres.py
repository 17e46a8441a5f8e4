"""The directory on PostgreSQL: its connections, its locks, its schema. Nothing of it is loaded for SQLite."""

import asyncio
from typing import Any, Final, NoReturn

import asyncpg
import structlog
from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from chinwag.adapters.postgres.complaints import Complaints
from chinwag.adapters.postgres.encoding import refuse_encoding
from chinwag.adapters.postgres.half_moved import refuse_if_half
from chinwag.adapters.postgres.said import said
from chinwag.adapters.relational.directory import BOUND, RelationalDirectory
from chinwag.adapters.relational.fresh_postgres import REVISION, STATEMENTS
from chinwag.adapters.relational.revisions import known_revisions, refuse_newer
from chinwag.adapters.relational.schema import METADATA
from chinwag.adapters.relational.turns import turn_of
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.directory import Directory
from chinwag.told import Told

CONNECTIONS: Final = 4
"""Of one process, for writing; as many for reading."""
CONNECT_SECONDS: Final = 3.0
PREPARE_SECONDS: Final = 3_600.0
"""A schema of an earlier version may have much to be rewritten."""
SCRUB_LOCK_SECONDS: Final = 5
"""How long a table is waited for that is to be written anew."""
SCRUB_LOOKS: Final = 10
"""How often it is looked whether older transactions have ended, before what was deleted is left for the next time."""
SCRUB_LOOK_SECONDS: Final = 1.0
"""From one such look to the next: together more than `BOUND`, which any transaction of ours may take."""

LOCK: Final = 0x6368696E_77616701
"""The advisory lock of all that is written: alone by most transactions, shared by those of one account."""
_ALONE: Final = text("SELECT pg_advisory_xact_lock(:lock)")
_SHARED: Final = text("SELECT pg_advisory_xact_lock_shared(:lock)")
_OF_DEVICE: Final = text("SELECT account FROM devices WHERE id = :device")
_SMALL: Final = "alembic_version"
_NOW: Final = text("SELECT pg_current_xact_id()::xid::text")
_CLEAN: Final = text(
    "SELECT age(CAST(CAST(:now AS text) AS xid)) >= age(relfrozenxid) FROM pg_class "
    "WHERE oid = to_regclass(CAST(:table AS text))"
)
"""Whether the table's files hold nothing that was deleted before the transaction `now`."""
_ENDED: Final = text(
    "SELECT age(CAST(CAST(:now AS text) AS xid)) >= age(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS xid))"
)
"""Whether every transaction that began before `now` has ended, in whatever database of the server."""

_log = structlog.get_logger(__name__)
_complaints: Final = Complaints("the directory's database cannot be reached", _log)


class DatabaseUnfitError(Told):
    """The database cannot be the directory's; the message says why, and what would do."""


async def open_postgres_directory(url: str) -> Directory:
    """Open the directory in the database `url` (libpq's form), which `prepare_postgres_directory` has made.

    Raises `DatabaseUnfitError`, `WrongEncodingError`, `NewerDatabaseError`, `HalfMovedError`.
    """
    writer, reader = engine_on(url, BOUND), engine_on(url, BOUND, reading=True)
    directory = RelationalDirectory(writer, reader, Postgres(writer))
    try:
        await _reached(url, whole=True)
        async with writer.begin() as connection:
            present = await connection.run_sync(_revisions)
        _refuse_other(present)
    except BaseException:
        await directory.close()
        raise
    return directory


async def prepare_postgres_directory(url: str) -> None:
    """Make or migrate the schema in the database `url`; of several at once one does it. Harmless a second time.

    Raises `DatabaseUnfitError`, `WrongEncodingError`, and `NewerDatabaseError`: nothing is changed then.
    """
    await _reached(url)
    engine = engine_on(url, PREPARE_SECONDS)
    try:
        async with engine.begin() as connection:
            await connection.execute(_ALONE, {"lock": LOCK})
            await connection.run_sync(_prepare)
    finally:
        await engine.dispose()


class Postgres:
    """`Dialect` upon PostgreSQL.

    At READ COMMITTED each statement sees what was committed before it: so a lock that is taken by a statement of its
    own, before anything is read, makes transactions see one another's outcome. It is the transaction's: a connection
    that breaks lets it go. It is never raised from shared to alone, which two at once could wait for for ever.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def begin(self, connection: AsyncConnection, account: AccountId | None, device: DeviceId | None) -> None:
        if self.alone(account, device):
            await connection.execute(_ALONE, {"lock": LOCK})
            return
        await connection.execute(_SHARED, {"lock": LOCK})
        if account is None:
            # a device is one account's for ever; one that is not there has nothing that could be changed
            account = await connection.scalar(_OF_DEVICE, {"device": (device or "").replace("\0", "")})
        if account is not None:
            await turn_of(connection, account)

    async def check(self) -> None:
        """A connection knows by itself that its database is gone."""

    def alone(self, account: AccountId | None, device: DeviceId | None) -> bool:
        return account is None and device is None

    async def scrub(self, turn: asyncio.Lock) -> None:
        """Write every table anew: a plain VACUUM leaves what was in dead rows on their pages. The journal and backups
        are the database's own matter.

        What an older transaction may still read would be copied into the new files; so one of ours is waited for, and
        one that runs for longer, such as that of a dump, makes this `unavailable`, before anybody is kept waiting.
        """
        async with self._engine.connect() as connection:
            connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("SET statement_timeout = 0"))
            await connection.execute(text(f"SET lock_timeout = '{SCRUB_LOCK_SECONDS}s'"))
            try:
                # Whatever was deleted before this call was deleted by an earlier transaction.
                now = await connection.scalar(_NOW)
                await _older_have_ended(connection, now)
                async with turn:
                    for table in METADATA.tables:
                        await connection.execute(text(f"VACUUM FULL {table}"))
                        await _refuse_if_kept(connection, table, now)
            finally:
                await connection.invalidate()  # with its settings


async def _older_have_ended(connection: AsyncConnection, now: str) -> None:
    """Wait until nobody may read what was deleted before the transaction `now`, now or later. Raises `Refused`.

    As long as an older transaction writes, be it in another database of the server, whoever begins to read here sees
    what was there before it, VACUUM FULL among them. So those come first; then, what already reads here.
    """
    for _ in range(SCRUB_LOOKS):
        if await connection.scalar(_ENDED, {"now": now}):
            # A table of one row, for which nobody waits meanwhile: its new horizon is what all tables would get.
            await connection.execute(text(f"VACUUM (FREEZE) {_SMALL}"))
            if await connection.scalar(_CLEAN, {"now": now, "table": _SMALL}):
                return
        await asyncio.sleep(SCRUB_LOOK_SECONDS)
    _refuse_kept(_SMALL)


async def _refuse_if_kept(connection: AsyncConnection, table: str, now: str) -> None:
    if not await connection.scalar(_CLEAN, {"now": now, "table": table}):
        _refuse_kept(table)


def _refuse_kept(table: str) -> NoReturn:
    _log.warning("an old transaction keeps what was deleted in the directory's files", table=table)
    raise Refused(Code.UNAVAILABLE, "what was deleted stays while an older transaction runs", 1.0)


def engine_on(
    url: str, seconds: float, *, reading: bool = False, connections: int = CONNECTIONS, lasting: bool = True
) -> AsyncEngine:
    """Connections on which nothing takes longer than `seconds`: not a statement, nor the wait for a lock, nor, for
    others, that of a process which has stopped in the midst of a transaction. lasting: whether a commit waits until it
    would outlast a crash of the database."""
    bound = str(int(seconds * 1000))
    settings = {} if lasting else {"synchronous_commit": "off"}
    settings |= {
        "application_name": "chinwag directory",
        "statement_timeout": bound,
        "idle_in_transaction_session_timeout": bound,
        "search_path": "public",
        "default_transaction_isolation": "read committed",
        "TimeZone": "UTC",
    }

    async def connect() -> Any:
        try:
            return await asyncpg.connect(url, timeout=CONNECT_SECONDS, server_settings=settings)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            _complaints.tell(error)
            raise Refused(Code.UNAVAILABLE, "the directory is away", 1.0) from error

    # Read-only ones see one state throughout.
    execution = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if reading else {}
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=seconds,
        hide_parameters=True,
        execution_options=execution,
        isolation_level=None if reading else "READ COMMITTED",
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(connection: Any, *_: object) -> None:
    """One that was closed while nobody used it, as by a restart of the database, is made anew: nobody meets it."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError("closed meanwhile")


async def _reached(url: str, *, whole: bool = False) -> None:
    """See, before anything rests on it, that the database answers and is fit; say in words what is wrong.

    whole: it must not hold half of an installation either.
    """
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise DatabaseUnfitError(f"the directory's database cannot be reached: {said(error)}") from error
    try:
        await refuse_encoding(connection, "the directory's database")
        if whole:
            await refuse_if_half(connection)
    finally:
        await connection.close(timeout=CONNECT_SECONDS)


def _refuse_other(present: frozenset[str]) -> None:
    refuse_newer(present)
    if present != {REVISION}:
        had = f"schema {', '.join(sorted(present))}" if present else "no tables of Chinwag"
        raise DatabaseUnfitError(
            f"the directory's database has {had}, and this version needs schema {REVISION}: run `chinwag cluster init`"
        )


def _revisions(connection: Connection) -> frozenset[str]:
    if not inspect(connection).has_table("alembic_version"):
        return frozenset()
    return frozenset(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


def _prepare(connection: Connection) -> None:
    present = _revisions(connection)
    refuse_newer(present)
    if not present:
        for statement in STATEMENTS:
            connection.exec_driver_sql(statement)
        connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:one)"), {"one": REVISION})
    elif present != {max(known_revisions())}:
        from chinwag.adapters.relational.migrate import upgrade

        upgrade(connection)

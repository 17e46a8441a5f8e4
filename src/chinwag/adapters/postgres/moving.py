"""Fills the tables of an empty database from elsewhere, in pieces, each in one transaction with how far it has come."""

import contextlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from importlib import resources
from typing import Any, Final, NamedTuple

import asyncpg

from chinwag.adapters.postgres import schema
from chinwag.adapters.postgres.database import WEAK
from chinwag.adapters.postgres.half_moved import refuse_if_gone
from chinwag.adapters.postgres.said import said
from chinwag.adapters.postgres.served import live_processes
from chinwag.adapters.tables import Column, Row, Sum, Table, sum_of, sums_statement
from chinwag.told import Told

VERSION: Final = 1
CONNECT_SECONDS: Final = 10.0
PREFETCHED: Final = 1_000
"""Sums that are fetched at a time."""
_LOCK: Final = 0x6D6F7665

_SETTINGS: Final = {
    "application_name": "chinwag move",
    "search_path": "public",
    "default_transaction_isolation": "read committed",
    "lock_timeout": "30s",
    # A process that is stopped in the middle of a transaction keeps its locks no longer than this.
    "idle_in_transaction_session_timeout": "60s",
}


def _table(name: str, *columns: str) -> Table:
    """columns: name and kind, with a space between."""
    found = tuple(Column(one.partition(" ")[0], one.partition(" ")[2]) for one in columns)  # type: ignore[arg-type]
    return Table("messages", name, found, grouped=True)


MESSAGES: Final = (
    _table("states", "conversation bytes", "state bytes"),
    _table("events", "conversation bytes", "number number", "event bytes"),
    _table("send_keys", "conversation bytes", "device bytes", "id bytes", "key bytes"),
    _table("spans", "account bytes", "conversation bytes", "first number", "span bytes"),
    _table("mentions", "account bytes", "conversation bytes", "number number", "since number"),
    _table("reactions", "conversation bytes", "message number", "account bytes", "reacted bytes"),
    _table("reaction_counts", "conversation bytes", "message number", "counts bytes"),
    _table("people", "conversation bytes", "account bytes", "stays bytes"),
    _table("wrote", "conversation bytes", "account bytes", "wrote bytes"),
    _table("joinings", "conversation bytes", "joined number", "account bytes", "gone number"),
    _table("wide_groups", "conversation bytes"),
    _table("heads", "account bytes", "last number", "floor number"),
    _table(
        "inbox",
        *("account bytes", "last number", "count number", "conversation bytes", "first number", "event bytes"),
        "posted_at number",
    ),
    _table("marks", "conversation bytes", "account bytes", "read number", "marks bytes"),
    _table("steps", "conversation bytes", "account bytes", "number number", "at number"),
    _table("seen", "account bytes", "online truth", "at number"),
)
"""All that schema 3 has for what lasts of messages, in its columns' order (`tables.sql`)."""


class MoveError(Told):
    """An installation cannot be moved; the message says why, and what would do."""


class Held(NamedTuple):
    """The move that a database knows of. finished: all of it is here, and it is served."""

    id: str
    finished: bool


class Progress(NamedTuple):
    """How far a table has come: behind which row of the source it goes on, and how many rows are here."""

    after: bytes = b""
    rows: int = 0
    whole: bool = False


class Filling:
    """One database. Every call raises `MoveError` for what PostgreSQL refuses, or when it is away."""

    @classmethod
    async def open(cls, url: str) -> "Filling":
        """Connect to the database at `url`."""
        with _telling("it cannot be reached"):
            connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS, server_settings=_SETTINGS)
        return cls(connection)

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def close(self) -> None:
        """Let go of the connection."""
        with contextlib.suppress(Exception):
            await self._connection.close(timeout=CONNECT_SECONDS)

    async def held(self) -> Held | None:
        """The move that this database has begun, if it has."""
        with _telling("what it says of an earlier move cannot be read"):
            if await self._connection.fetchval("SELECT to_regclass('moving.move') IS NULL"):
                return None
            row = await self._connection.fetchrow("SELECT id, finished IS NOT NULL, version FROM moving.move")
        if row is None:
            return None
        if row[2] > VERSION:
            raise MoveError("a newer version of Chinwag moves into this database: run that version")
        return Held(row[0], row[1])

    async def fits(self, *, messages: bool, revision: str | None) -> None:
        """Raise `MoveError` unless what is to be filled was made. revision: of the directory that must be there."""
        with _telling("its tables cannot be looked at"):
            if messages:
                await refuse_if_gone(self._connection)
                try:
                    await schema.verify(self._connection)
                except schema.SchemaError as unfit:
                    raise MoveError(f"the database cannot be moved into: {unfit}") from unfit
            if revision is not None:
                found = ""
                if await self._connection.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL"):
                    found = await self._connection.fetchval("SELECT version_num FROM alembic_version") or ""
                if found != revision:
                    had = f"has schema {found}" if found else "has none of its tables"
                    raise MoveError(
                        f"the directory's database {had}, and this version needs schema {revision}: run "
                        "`chinwag cluster init` of this version"
                    )

    async def idle(self) -> None:
        """Raise `MoveError` if a process of Chinwag serves this database now, and `GoneError` if its messages have
        moved on."""
        with _telling("who serves it cannot be seen"):
            await refuse_if_gone(self._connection)
            await refuse_if_served(self._connection)

    async def empty(self, tables: Sequence[Table]) -> None:
        """Raise `MoveError` if one of `tables` has a row."""
        with _telling("it cannot be looked at"):
            for table in tables:
                if await self._connection.fetchval(f"SELECT EXISTS (SELECT FROM {table.quoted})"):  # noqa: S608 - our names
                    raise MoveError(
                        f"the database is not empty: there are rows in {table.quoted}. Name a new one, made by "
                        "`chinwag cluster init`"
                    )

    async def begin(self, move: str, tables: Sequence[Table]) -> None:
        """Mark the database as half moved by `move`, or go on with it. Raises `MoveError` if `tables` are not empty, or
        hold another move."""
        with _telling("it could not be marked as half moved"):
            async with self._connection.transaction():
                await self._connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
                held = await self.held()
                if held is None:
                    await self.empty(tables)
                    await self._connection.execute("DROP SCHEMA IF EXISTS moving CASCADE")
                    await self._connection.execute((resources.files(__package__) / "moving.sql").read_text())
                    query = "INSERT INTO moving.move (version, id) VALUES ($1, $2)"
                    await self._connection.execute(query, VERSION, move)
                elif held != Held(move, finished=False):
                    raise MoveError(
                        "the database holds another move: name a new database, made by `chinwag cluster init`"
                    )
                await self._connection.executemany(
                    "INSERT INTO moving.parts (part) VALUES ($1) ON CONFLICT DO NOTHING",
                    [(one.quoted,) for one in tables],
                )

    async def progress(self, table: Table) -> Progress:
        """How far `table` has come. A transaction of an earlier process that is still at it is waited for."""
        with _telling("how far it has come cannot be read"):
            query = "SELECT after, rows, whole FROM moving.parts WHERE part = $1 FOR UPDATE"
            return Progress(*await self._connection.fetchrow(query, table.quoted))

    async def add(self, table: Table, rows: Sequence[Row], before: Progress, now: Progress) -> None:
        """Put `rows` into `table`, which had come to `before` and comes to `now`: both or neither."""
        with _telling(f"it does not take rows of {table.quoted}"):
            async with self._connection.transaction():
                # Not synced each: what a crash of the database undoes here it undoes of `moving.parts` as well.
                await self._connection.execute("SET LOCAL synchronous_commit = off")
                query = (
                    "UPDATE moving.parts SET after = $2, rows = $3, whole = $4 "
                    "WHERE part = $1 AND after = $5 AND rows = $6 AND NOT whole RETURNING true"
                )
                if not await self._connection.fetchval(query, table.quoted, *now, *before[:2]):
                    raise MoveError("another process goes on with this move: let it end, and run `chinwag move` again")
                if rows:
                    await self._connection.copy_records_to_table(
                        table.name,
                        schema_name=table.schema,
                        columns=[column.name for column in table.columns],
                        records=rows,
                    )

    async def sums(self, table: Table) -> AsyncGenerator[Sum]:
        """What the rows of `table` come to, as they are here: a sum for each group, in the order of length and bytes of
        its name."""
        with _telling(f"{table.quoted} cannot be read"):
            async with self._connection.transaction(isolation="repeatable_read", readonly=True):
                async for row in self._connection.cursor(sums_statement(table), prefetch=PREFETCHED):
                    yield sum_of(row)

    async def count_on(self, sequence: str, last: int) -> None:
        """Let the keys that `sequence` gives go on behind `last`."""
        with _telling(f"{sequence} could not be set"):
            await self._connection.execute("SELECT setval($1::text::regclass, greatest($2, 1), $2 > 0)", sequence, last)

    async def finish(self, inbox_epoch: int | None) -> None:
        """All is here: from now on it may be served. inbox_epoch: of the inboxes here, if they are here."""
        with _telling("it could not be marked as whole"):
            await self._connection.execute("ANALYZE")
            if await self._connection.fetchval("SHOW synchronous_commit") in WEAK:
                await self._connection.execute("SET synchronous_commit = on")
            async with self._connection.transaction():
                if inbox_epoch is not None:
                    # As this engine is now: no cursor becomes void because it was restarted elsewhere meanwhile.
                    await self._connection.execute("SELECT messages.live_1(false)")
                    await self._connection.execute("UPDATE messages.life SET epoch = $1", inbox_epoch)
                await self._connection.execute("UPDATE moving.move SET finished = clock_timestamp()")


async def refuse_if_served(connection: Any) -> None:
    """Raise `MoveError` if a process of Chinwag serves the database behind `connection` now."""
    if live := await live_processes(connection):
        raise MoveError(f"{live} processes of Chinwag serve this database: stop them first")


@contextlib.contextmanager
def _telling(what: str) -> Iterator[None]:
    """What PostgreSQL, its driver or the network says, as a `MoveError`."""
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, EOFError, ValueError, OverflowError) as error:
        raise MoveError(f"the database cannot be moved into, {what}: {said(error)}") from error

"""The messages of a database that are moved elsewhere: their rows in pieces, and what the database says of the move.

Nothing is taken away here. From the beginning of the move on nobody serves them from here, whatever the version.
"""

import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from importlib import resources
from typing import Any, Final, NamedTuple

import asyncpg
import msgspec

from chinwag.adapters.postgres import schema
from chinwag.adapters.postgres.half_moved import refuse_if_half
from chinwag.adapters.postgres.moving import CONNECT_SECONDS, MoveError, Progress, refuse_if_served
from chinwag.adapters.postgres.said import said
from chinwag.adapters.tables import Table

LOCKED: Final = 1_000_000
"""Added to the schema's number while the messages are elsewhere: to every version it is one that a newer one made."""
_LOCK: Final = 0x6C656176
_SETTINGS: Final = {
    "application_name": "chinwag move",
    "search_path": "public",
    "default_transaction_isolation": "read committed",
    "lock_timeout": "30s",
    "jit": "off",
    # Every statement here goes by an index, and begins where the one before has ended.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
_DAY_MS: Final = 86_400_000
KEYS: Final = {
    "states": 1,
    "events": 2,
    "send_keys": 3,
    "spans": 3,
    "mentions": 3,
    "reactions": 3,
    "reaction_counts": 2,
    "people": 2,
    "wrote": 2,
    "joinings": 3,
    "wide_groups": 1,
    "heads": 1,
    "inbox": 2,
    "marks": 2,
    "steps": 3,
    "seen": 1,
}
"""How many of a table's columns, its first ones, are its key."""
_place: Final = msgspec.msgpack.Decoder(list[bytes | int]).decode

_DAYS: Final = """
    SELECT i.account, i.posted_at / $2, min(i.last - i.count) FROM messages.inbox AS i
    JOIN messages.heads AS h ON h.account = i.account AND i.last > h.floor
    WHERE i.account = ANY($1) GROUP BY 1, 2"""


Row = tuple[object, ...]
"""As its table has it; of `heads`, with the days of what is in the inbox behind."""


class Away(NamedTuple):
    """A move away from here. began: in milliseconds since 1970."""

    id: str
    to: str
    began: int
    finished: bool = False


class Leaving:
    """One database. Every call raises `MoveError` for what PostgreSQL refuses, or when it is away."""

    @classmethod
    async def open(cls, url: str) -> "Leaving":
        """Connect to the database at `url`, as the only one that moves anything away from it."""
        with _telling("it cannot be reached"):
            connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS, server_settings=_SETTINGS)
            leaving = cls(connection)
            try:
                alone = await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK)
                leaving._reader = await asyncpg.connect(url, timeout=CONNECT_SECONDS, server_settings=_SETTINGS)
            except BaseException:
                await leaving.close()
                raise
        if not alone:
            await leaving.close()
            raise MoveError("another `chinwag move` is at it: let it end first")
        return leaving

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._reader = connection
        """For rows, which are read while other things are asked."""

    async def close(self) -> None:
        """Let go of the connections."""
        for connection in (self._connection, self._reader):
            with contextlib.suppress(Exception):
                await connection.close(timeout=CONNECT_SECONDS)

    async def held(self) -> Away | None:
        """The move that this database has begun, if it has."""
        with _telling("what it says of a move cannot be read"):
            if await self._connection.fetchval("SELECT to_regclass('leaving.move') IS NULL"):
                return None
            query = "SELECT id, whereto, began, finished IS NOT NULL FROM leaving.move"
            row = await self._connection.fetchrow(query)
        return None if row is None else Away(*row)

    async def fits(self) -> None:
        """Raise `MoveError`, `SchemaError` or `HalfMovedError` unless messages of this version's form are here. For a
        database that has not begun a move."""
        with _telling("its tables cannot be looked at"):
            await schema.verify(self._connection)
            await refuse_if_half(self._connection)

    async def idle(self) -> None:
        """Raise `MoveError` if a process of Chinwag serves this database now."""
        with _telling("who serves it cannot be seen"):
            await refuse_if_served(self._connection)

    async def about(self) -> int:
        """How many rows there are, more or less."""
        with _telling("its tables cannot be looked at"):
            query = (
                "SELECT coalesce(sum(c.reltuples) FILTER (WHERE c.reltuples > 0), 0)::bigint FROM pg_class AS c "
                "WHERE c.relkind = 'r' AND c.relnamespace = 'messages'::regnamespace"
            )
            return int(await self._connection.fetchval(query))

    async def begin(self, away: Away) -> None:
        """The messages leave: nobody serves them from here any more, and nothing of them was moved yet."""
        with _telling("the move could not be begun"):
            async with self._connection.transaction():
                # As a server's start does: an engine that was restored has new epochs.
                await self._connection.execute("SELECT messages.live_1(false)")
                await self._connection.execute("DROP SCHEMA IF EXISTS leaving CASCADE")
                await self._connection.execute((resources.files(__package__) / "leaving.sql").read_text())
                query = (
                    "INSERT INTO leaving.move (id, whereto, version, began) SELECT $1, $2, version % $4, $3 "
                    "FROM messages.life"
                )
                await self._connection.execute(query, away.id, away.to, away.began, LOCKED)
                lock = "UPDATE messages.life SET version = version + $1 WHERE version < $1"
                await self._connection.execute(lock, LOCKED)

    async def give_up(self, *, anew: bool) -> None:
        """The messages are served from here again. anew: whether all cursors are void, as people may have gone on
        elsewhere."""
        with _telling("the move could not be given up"):
            async with self._connection.transaction():
                query = "UPDATE messages.life SET version = (SELECT version FROM leaving.move)"
                await self._connection.execute(query)
                await self._connection.execute("DROP SCHEMA leaving CASCADE")
                if anew:
                    await schema.begin_anew(self._connection)

    async def epoch(self) -> int:
        """The epoch that all cursors are of."""
        with _telling("the inboxes' epoch cannot be read"):
            await self._connection.execute("SELECT messages.live_1(false)")
            return int(await self._connection.fetchval("SELECT epoch FROM messages.life"))

    async def progress(self, table: Table) -> Progress:
        """How far a table has come."""
        with _telling("how far it has come cannot be read"):
            query = "SELECT after, rows, whole FROM leaving.parts WHERE part = $1"
            row = await self._connection.fetchrow(query, table.name)
        return Progress() if row is None else Progress(*row)

    async def come_to(self, table: Table, progress: Progress) -> None:
        """It has come so far."""
        with _telling("how far it has come cannot be kept"):
            query = (
                "INSERT INTO leaving.parts VALUES ($1, $2, $3, $4) ON CONFLICT (part) DO UPDATE SET "
                "after = excluded.after, rows = excluded.rows, whole = excluded.whole"
            )
            await self._connection.execute(query, table.name, *progress)

    async def finish(self) -> None:
        """All is elsewhere, and was compared."""
        with _telling("it could not be marked as moved"):
            await self._connection.execute("UPDATE leaving.move SET finished = coalesce(finished, clock_timestamp())")

    async def rows(self, table: Table, after: bytes, size: int) -> AsyncIterator[tuple[bytes, list[Row]]]:
        """The rows of `table` behind a place (empty: all), in the order of its keys, `size` at a time, each time with
        the place of the last. Of `inbox` those that may be read; of `heads` with the days of what may be, as
        `InboxState` has them, in one more column."""
        keys = KEYS[table.name]
        statement, more = _page(table, keys, first=True), _page(table, keys, first=False)
        place = _place(after) if after else []
        while True:
            with _telling(f"{table.quoted} cannot be read"):
                found = [tuple(row) for row in await self._reader.fetch(more if place else statement, size, *place)]
            if not found:
                return
            place = list(found[-1][:keys])
            if table.name == "heads":
                found = await self._with_days(found)
            yield msgspec.msgpack.encode(place), found

    async def _with_days(self, heads: Sequence[Row]) -> list[Row]:
        with _telling("the inboxes cannot be read"):
            rows = await self._reader.fetch(_DAYS, [head[0] for head in heads], _DAY_MS)
        of_each: dict[bytes, list[tuple[int, int]]] = defaultdict(list)
        for account, day, before in rows:
            of_each[account].append((day, before))
        return [(*head, days_of(of_each[head[0]])) for head in heads]  # type: ignore[index]


def days_of(found: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Of days and how many entries there were before the first of each: those that follow one another. A clock that was
    put back makes no earlier day of a later entry."""
    kept: list[tuple[int, int]] = []
    for day, before in sorted(found, reverse=True):
        if not kept or before < kept[-1][1]:
            kept.append((day, before))
    return tuple(reversed(kept))


def _page(table: Table, keys: int, *, first: bool) -> str:
    names = [column.name for column in table.columns]
    order, read = names[:keys], ", ".join(f"t.{name}" for name in names)
    if table.name == "joinings":  # as its index has them
        order = ["conversation", "joined", "length", "account"]
    behind = ["octet_length($4::bytea)" if name == "length" else f"${names.index(name) + 2}" for name in order]
    wanted = "true" if first else f"({', '.join(f't.{name}' for name in order)}) > ({', '.join(behind)})"
    source = f"{table.quoted} AS t"
    if table.name == "inbox":
        source += " JOIN messages.heads AS h ON h.account = t.account AND t.last > h.floor"
    ordered = ", ".join(f"t.{name}" for name in order)
    return f"SELECT {read} FROM {source} WHERE {wanted} ORDER BY {ordered} LIMIT $1"  # noqa: S608 - our own names


@contextlib.contextmanager
def _telling(what: str) -> Iterator[None]:
    """What PostgreSQL, its driver or the network says, as a `MoveError`."""
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, EOFError, ValueError, OverflowError) as error:
        raise MoveError(f"the messages cannot be moved, of their database {what}: {said(error)}") from error

"""The SearchIndex on PostgreSQL: a tsvector of each message under GIN, with neither extension nor configuration."""

import contextlib
from collections.abc import Sequence
from importlib import resources
from typing import Any, Final
from zlib import crc32

import asyncpg
import structlog

from chinwag.adapters import names
from chinwag.adapters.postgres import search_terms
from chinwag.adapters.postgres.database import Database, connected
from chinwag.adapters.postgres.schema import MissingSchemaError, NewerSchemaError
from chinwag.adapters.postgres.scrub import HORIZON, begin_journal, look_how_far_back
from chinwag.domain.ids import ConversationId
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.search_index import Findable, Gone, Place, SearchIndex, Wanted

VERSION: Final = 1
PARTS: Final = 16
CONNECTIONS: Final = 3
"""At most so many of one process. They are its own: a search never waits before a message."""
NAMED: Final = 200
"""Somebody with more conversations than this is searched for in all, and the others' rows are left out."""
SCRUB_SECONDS: Final = 600.0
"""The longest that the files of one part may take."""
COUNTED: Final = 100_000
"""Of more rows it is told about how many they are."""
_LOCK: Final = 0x73656172
"""Whoever makes the tables holds this advisory lock, until its transaction ends."""
_LAST: Final = (1 << 63) - 1

_FIND: Final = """
    SELECT sent_at, conversation, number FROM search.messages
    WHERE part = ANY ($1::int[]) AND conversation = ANY ($2::bytea[])
    AND sent_at >= $3 AND sent_at < $4 AND (sent_at, conversation, number) < ($5, $6::bytea, $7)
    {words} {phrases}
    ORDER BY sent_at DESC, conversation DESC, number DESC LIMIT $8"""
_WORDS: Final = "AND terms @@ $9::text::tsquery"
_PHRASES: Final = "AND (NOT placed OR terms @@ $10::text::tsquery)"
_REMOVE: Final = """
    DELETE FROM search.messages AS m
    USING unnest($1::int[], $2::bytea[], $3::bigint[]) AS w (part, conversation, number)
    WHERE m.part = w.part AND m.conversation = w.conversation AND m.number = w.number RETURNING m.part"""
_ADD: Final = """
    INSERT INTO search.messages (part, conversation, number, sent_at, placed, terms)
    SELECT part, conversation, number, sent_at, placed, terms::tsvector
    FROM unnest($1::int[], $2::bytea[], $3::bigint[], $4::bigint[], $5::boolean[], $6::text[])
        AS w (part, conversation, number, sent_at, placed, terms)"""
_COUNT: Final = "SELECT count(*) FROM (SELECT 1 FROM search.messages LIMIT $1) AS few"
_ABOUT: Final = """
    SELECT coalesce(sum(c.reltuples), 0)::bigint FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'search.messages'::regclass AND c.reltuples > 0"""

_CONCERNED: Final = "SELECT part FROM search.removed WHERE removed > 0 ORDER BY part"
_REMOVED: Final = f"SELECT removed, xmin::text, age(xmin) > {HORIZON} FROM search.removed WHERE part = $1::int"  # noqa: S608 - our own
_SCRUBBED: Final = """
    UPDATE search.removed SET removed = removed - $2::bigint WHERE part = $1::int AND age($3::text::xid) > (
        SELECT age(relfrozenxid) FROM pg_class WHERE oid = to_regclass('search.messages_' || $1::int)) RETURNING part"""
"""Unless the new files hold what was removed up to the transaction `$3`, for an older one that may still read it."""
_log = structlog.get_logger(__name__)


class PostgresSearchIndex(SearchIndex):
    """The index in the database of the messages."""

    @classmethod
    async def open(cls, url: str, *, connections: int = CONNECTIONS) -> "PostgresSearchIndex":
        """Connect to a database in which the tables were made. Raises `SchemaError` and `Refused(UNAVAILABLE)`."""
        async with connected(url) as connection:
            await _verify(connection)
        return cls(url, await Database.open(url, connections=connections, messages=False))

    def __init__(self, url: str, database: Database) -> None:
        self._url = url
        self._database = database

    async def progress(self) -> bytes:
        found = await self._database.row("SELECT progress FROM search.about")
        return bytes(found[0]) if found else b""

    async def write(self, rows: Sequence[Findable | Gone], progress: bytes, after: bytes) -> bool:
        last = {_name_of(row): row for row in rows}
        added = [_columns(name, row) for name, row in last.items() if isinstance(row, Findable)]
        async with self._database.transaction() as connection:
            if bytes(await connection.fetchval("SELECT progress FROM search.about FOR UPDATE")) != after:
                return False
            if last:
                gone = await connection.fetch(_REMOVE, *map(list, zip(*last, strict=True)))
                await _count(connection, [part for (part,) in gone])
            if added:
                await connection.execute(_ADD, *map(list, zip(*added, strict=True)))
            await connection.execute("UPDATE search.about SET progress = $1", progress)
            return True

    async def clear(self, progress: bytes) -> None:
        async with self._database.transaction() as connection:
            await connection.fetchval("SELECT progress FROM search.about FOR UPDATE")
            await connection.execute("TRUNCATE search.messages")
            await connection.execute("UPDATE search.about SET progress = $1", progress)

    async def find(self, wanted: Wanted, limit: int) -> list[Place]:
        conversations = [names.known(name) for name in dict.fromkeys(wanted.conversations)]
        if not conversations:
            return []
        before = wanted.before
        values: list[object] = [
            sorted({_part(name) for name in conversations}),
            conversations,
            max(0, wanted.since or 0),
            min(_LAST, _LAST if wanted.until is None else wanted.until),
            _LAST if before is None else min(_LAST, before.sent_at),
            b"" if before is None else before.conversation.encode(),
            0 if before is None else min(_LAST, before.number),
            limit,
        ]
        words = search_terms.words(wanted, conversations=len(conversations) <= NAMED)
        phrases = search_terms.phrases(wanted)
        statement = _FIND.format(words=_WORDS if words else "", phrases=_PHRASES if phrases else "")
        found = await self._database.rows(statement, *values, *filter(None, (words, phrases)))
        return [Place(sent_at, ConversationId(bytes(name).decode()), number) for sent_at, name, number in found]

    async def rows(self) -> int:
        counted = await self._database.row(_COUNT, COUNTED)
        if counted is not None and counted[0] == COUNTED:
            counted = await self._database.row(_ABOUT)
        return int(counted[0]) if counted is not None else 0

    async def scrub(self) -> None:
        parts = [part for (part,) in await self._database.rows(_CONCERNED)]
        if not parts:
            return
        async with connected(self._url, SCRUB_SECONDS) as connection:
            await connection.execute("SET application_name = 'chinwag scrub'; SET lock_timeout = '5s'")
            await look_how_far_back(connection)
            kept = [part for part in parts if not await _written_anew(connection, part)]
            await begin_journal(connection)
        if kept:
            _log.warning("what was removed stays in files of the search index", parts=kept)
            raise Refused(Code.UNAVAILABLE, "removed words stay while an older transaction runs", 1.0)

    async def close(self) -> None:
        await self._database.close()


async def make_search_tables(connection: Any) -> None:
    """Make the tables if they are not there. Raises `NewerSchemaError`."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        if await _version(connection) is None:
            await connection.execute((resources.files(__package__) / "search.sql").read_text())


async def _written_anew(connection: Any, part: int) -> bool:
    """Write a part and its indexes anew; whether its files are without what was removed before."""
    removed, last, use = await connection.fetchrow(_REMOVED, part)
    if not use:
        return False
    with contextlib.suppress(asyncpg.LockNotAvailableError):
        # GIN by itself never forgets a term.
        await connection.execute(f"VACUUM FULL search.messages_{part}")
        return await connection.fetchval(_SCRUBBED, part, removed, last) is not None
    return False


async def _verify(connection: Any) -> None:
    if await _version(connection) is None:
        raise MissingSchemaError("this database holds no search index yet: run `chinwag cluster init`")


async def _version(connection: Any) -> int | None:
    if await connection.fetchval("SELECT to_regclass('search.about') IS NULL"):
        return None
    found = int(await connection.fetchval("SELECT version FROM search.about"))
    if found > VERSION:
        raise NewerSchemaError(
            f"the search index is of form {found}, and this version of Chinwag knows {VERSION} at most: use the one "
            "that made it, or a newer one"
        )
    return found


async def _count(connection: Any, parts: Sequence[int]) -> None:
    for part in set(parts):
        await connection.execute(
            "UPDATE search.removed SET removed = removed + $2 WHERE part = $1", part, parts.count(part)
        )


def _part(name: bytes) -> int:
    return crc32(name) % PARTS


def _name_of(row: Findable | Gone) -> tuple[int, bytes, int]:
    conversation, number = (
        (row.conversation, row.number) if isinstance(row, Gone) else (row.place.conversation, row.place.number)
    )
    name = names.known(conversation)
    return _part(name), name, number


def _columns(name: tuple[int, bytes, int], row: Findable) -> tuple[object, ...]:
    terms, placed = search_terms.vector(row)
    return *name, row.place.sent_at, placed, terms

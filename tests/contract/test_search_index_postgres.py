"""The search index on PostgreSQL: what is left in its files, and databases that it cannot work with."""

import contextlib
from functools import partial
from pathlib import Path
from zlib import crc32

import asyncpg
import pytest
from tests.contract.directories import eventually
from tests.contract.search_indexes import postgres_index
from tests.contract.test_search_index import HALL, numbers, put, said

from chinwag.adapters.postgres import NewerSchemaError, make_schema, search_index
from chinwag.adapters.postgres.scrub import begin_journal
from chinwag.adapters.postgres.search_index import PostgresSearchIndex
from chinwag.domain.ids import ConversationId, group_id
from chinwag.domain.refusal import Refused
from chinwag.ports.search_index import Gone

CANARY = b"canaryzeisigpasswort"


async def files_of(database: str) -> bytes:
    """All that lies in the database's own files, once what is in memory was written."""
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("CHECKPOINT")
        folder = await connection.fetchval("SHOW data_directory")
        oid = await connection.fetchval("SELECT oid FROM pg_database WHERE datname = current_database()")
    finally:
        await connection.close()
    return _read(Path(folder, "base", str(oid)))


def part_of(conversation: ConversationId) -> int:
    return crc32(conversation.encode()) % search_index.PARTS


def one_elsewhere() -> ConversationId:
    """A conversation that lies in another part than the hall, which is written anew later."""
    names = (group_id(str(number)) for number in range(1_000))
    return next(name for name in names if part_of(name) > part_of(HALL))


def _read(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


async def test_after_scrubbing_no_table_or_index_holds_what_was_deleted_or_replaced(messages_database: str) -> None:
    index = await postgres_index(messages_database)
    text = CANARY.decode()
    await put(index, *(said(number, f"many words {number}") for number in range(200)))
    await put(index, said(301, f"my {text} 1"), said(302, f"edited {text} 2"), said(303, "stays"))
    assert CANARY in await files_of(messages_database)
    await put(index, Gone(HALL, 301), said(302, "edited to something else"))
    await eventually(index.scrub)
    assert CANARY not in await files_of(messages_database)
    assert await numbers(index, "stays") == [303]
    assert await numbers(index, "else") == [302]
    await index.close()


async def test_while_an_older_transaction_runs_words_stay_and_are_not_forgotten_about(messages_database: str) -> None:
    index = await postgres_index(messages_database)
    await put(index, said(301, f"my {CANARY.decode()}"), said(303, "stays"))
    older = await asyncpg.connect(messages_database)
    try:
        async with older.transaction(isolation="repeatable_read", readonly=True):
            await older.fetchval("SELECT count(*) FROM messages.states")
            await put(index, Gone(HALL, 301))
            lies = f"SELECT pg_relation_filepath('search.messages_{part_of(HALL)}')"
            before = await older.fetchval(lies)
            with pytest.raises(Refused):
                await index.scrub()
            assert CANARY in await files_of(messages_database)
            assert await older.fetchval(lies) == before, "nobody waits for what would change nothing"
    finally:
        await older.close()
    await eventually(index.scrub)
    assert CANARY not in await files_of(messages_database)
    assert await numbers(index, "stays") == [303]
    await eventually(index.scrub)
    await index.close()


async def test_a_part_that_is_in_use_is_left_for_the_next_time_and_the_others_are_not(messages_database: str) -> None:
    index = await postgres_index(messages_database)
    other = one_elsewhere()
    await put(index, said(301, f"my {CANARY.decode()}"), said(301, "the canaryelsewhere", conversation=other))
    await put(index, Gone(HALL, 301), Gone(other, 301))
    older = await asyncpg.connect(messages_database)
    try:
        async with older.transaction():
            await older.execute(f"LOCK TABLE search.messages_{part_of(HALL)} IN SHARE MODE")
            for _ in range(5):  # the database itself may have the other in use, for a moment
                with pytest.raises(Refused):
                    await index.scrub()
                held = await files_of(messages_database)
                if b"canaryelsewhere" not in held:
                    break
            assert (CANARY in held, b"canaryelsewhere" in held) == (True, False)
    finally:
        await older.close()
    await eventually(index.scrub)
    assert CANARY not in await files_of(messages_database)
    await index.close()


async def test_what_is_removed_while_files_are_written_anew_is_for_the_next_time(
    messages_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = await postgres_index(messages_database)
    await put(index, said(301, "one"), said(302, f"my {CANARY.decode()}"))
    await put(index, Gone(HALL, 301))

    async def late(connection: object) -> None:
        await put(index, Gone(HALL, 302))
        await begin_journal(connection)

    with monkeypatch.context() as racing:
        racing.setattr(search_index, "begin_journal", late)
        with contextlib.suppress(Refused):  # if somebody's transaction ran just then
            await index.scrub()
    assert CANARY in await files_of(messages_database)
    await eventually(index.scrub)
    assert CANARY not in await files_of(messages_database)
    await index.close()


async def test_tables_of_a_newer_version_are_refused(messages_database: str) -> None:
    await (await postgres_index(messages_database)).close()
    connection = await asyncpg.connect(messages_database)
    try:
        await connection.execute("UPDATE search.about SET version = version + 1")
        # Another suite may have made it for as many as it wanted.
        partitions = await connection.fetchval("SELECT partitions FROM messages.life")
        for opening in (PostgresSearchIndex.open, partial(make_schema, partitions=partitions)):
            with pytest.raises(NewerSchemaError):
                await opening(messages_database)
    finally:
        await connection.execute("UPDATE search.about SET version = 1")
        await connection.close()

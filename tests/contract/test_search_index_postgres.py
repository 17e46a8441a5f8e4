"""The search index on PostgreSQL: what is left in its files, and databases that it cannot work with."""

from functools import partial
from pathlib import Path

import asyncpg
import pytest
from tests.contract.search_indexes import postgres_index
from tests.contract.test_search_index import HALL, numbers, put, said

from chinwag.adapters.postgres import NewerSchemaError, make_schema
from chinwag.adapters.postgres.search_index import PostgresSearchIndex
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


def _read(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


async def test_after_scrubbing_no_table_or_index_holds_what_was_deleted_or_replaced(messages_database: str) -> None:
    index = await postgres_index(messages_database)
    text = CANARY.decode()
    await put(index, *(said(number, f"many words {number}") for number in range(200)))
    await put(index, said(301, f"my {text} 1"), said(302, f"edited {text} 2"), said(303, "stays"))
    assert CANARY in await files_of(messages_database)
    await put(index, Gone(HALL, 301), said(302, "edited to something else"))
    await index.scrub()
    assert CANARY not in await files_of(messages_database)
    assert await numbers(index, "stays") == [303]
    assert await numbers(index, "else") == [302]
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

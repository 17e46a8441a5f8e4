"""The adapters of the SearchIndex under the contract suite."""

import contextlib
from pathlib import Path

from chinwag.adapters.embedded.search_index import EmbeddedSearchIndex
from chinwag.adapters.postgres import SchemaError, make_schema
from chinwag.adapters.postgres.search_index import PostgresSearchIndex
from chinwag.ports.search_index import SearchIndex


async def embedded_index(folder: Path) -> SearchIndex:
    return await EmbeddedSearchIndex.open(folder / "search.sqlite")


async def postgres_index(database: str) -> SearchIndex:
    """On a database for which `messages_database` stands, as if its tables had been made a moment ago."""
    with contextlib.suppress(SchemaError):  # it was made for another number of partitions
        await make_schema(database)
    index = await PostgresSearchIndex.open(database)
    await index.clear(b"")
    return index

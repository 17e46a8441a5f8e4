"""What lasts on the way of a message, on PostgreSQL: messages, inboxes and marks, for processes on several machines."""

from collections.abc import Callable
from typing import Final

import msgspec

from chinwag.adapters.postgres import schema
from chinwag.adapters.postgres.arrivals import Arrivals
from chinwag.adapters.postgres.database import CONNECTIONS, PATIENCE, SETTLING, Database, connected
from chinwag.adapters.postgres.half_moved import GoneError, HalfMovedError, refuse_if_gone, refuse_if_half
from chinwag.adapters.postgres.inbox import PostgresInbox
from chinwag.adapters.postgres.mark_store import PostgresMarkStore
from chinwag.adapters.postgres.message_store import PostgresMessageStore
from chinwag.adapters.postgres.partitions import Partitions
from chinwag.adapters.postgres.postings import Posted
from chinwag.adapters.postgres.schema import MissingSchemaError, NewerSchemaError, OlderSchemaError, SchemaError
from chinwag.adapters.postgres.search_index import make_search_tables
from chinwag.flow.clock import system_clock

__all__ = [
    "GoneError",
    "HalfMovedError",
    "MissingSchemaError",
    "NewerSchemaError",
    "OlderSchemaError",
    "Posted",
    "PostgresStores",
    "SchemaError",
    "begin_new_life",
    "make_schema",
    "open_stores",
    "refuse_half_moved",
]


MAKE_SECONDS: Final = 14_400.0
"""The longest that one statement may take that brings tables up to this version."""


class PostgresStores(msgspec.Struct, frozen=True):
    """The stores of one process.

    partitions: claim one before its worker begins; a batch counts only under the epoch that this gives.
    arrivals: its `on_posted` hears of all that this process makes readable.
    """

    database: Database
    message_store: PostgresMessageStore
    inbox: PostgresInbox
    mark_store: PostgresMarkStore
    partitions: Partitions
    arrivals: Arrivals

    async def close(self) -> None:
        """Wait for what is under way (bounded), and let go of all connections."""
        await self.message_store.close()
        await self.database.close()


async def make_schema(url: str, *, partitions: int = schema.PARTITIONS, gone: bool = False) -> None:
    """Make the tables in the database at `url` if they are not there, as `schema.create`. gone: the messages may have
    moved on from here; then their tables stay as they are. Raises `SchemaError`, `GoneError` and
    `Refused(UNAVAILABLE)`."""
    async with connected(url, MAKE_SECONDS) as connection:
        try:
            await refuse_if_gone(connection)
            await schema.create(connection, partitions)
        except GoneError:
            if not gone:
                raise
        await make_search_tables(connection)


async def refuse_half_moved(*urls: str) -> None:
    """Raise `HalfMovedError` if one of these databases holds half of an installation that is being moved into it. For
    whoever is about to serve them or to change what is in them; harmless for one that is empty. Raises
    `Refused(UNAVAILABLE)`."""
    for url in dict.fromkeys(urls):
        async with connected(url) as connection:
            await refuse_if_half(connection)


async def begin_new_life(url: str) -> None:
    """For a database that was brought back from a backup: void all cursors, and whatever a process has in memory.

    An engine that goes on from another point in time is noticed by itself. One that is where it was, and into which a
    dump was read, is not. Raises `SchemaError`, `HalfMovedError`, and `Refused(UNAVAILABLE)`.
    """
    async with connected(url) as connection:
        await refuse_if_gone(connection)
        await schema.verify(connection)
        await refuse_if_half(connection)
        await schema.begin_anew(connection)


async def open_stores(
    url: str,
    *,
    connections: int = CONNECTIONS,
    patience: float = PATIENCE,
    settling: float = SETTLING,
    clock: Callable[[], int] = system_clock,
) -> PostgresStores:
    """Open the stores in the database at `url`, whose schema was made.

    connections: at most so many at a time. patience: seconds that a call may take. settling: seconds for which a commit
    without an answer tries to learn what became of it. clock: milliseconds since 1970.
    Raises `SchemaError` for a database that this version cannot work with, `HalfMovedError`, and
    `Refused(UNAVAILABLE)`.
    """
    database = await Database.open(url, connections=connections, patience=patience)
    arrivals = Arrivals()
    partitions = Partitions(database)
    return PostgresStores(
        database=database,
        message_store=PostgresMessageStore(database, partitions, arrivals, clock, settling),
        inbox=PostgresInbox(database, arrivals, clock),
        mark_store=PostgresMarkStore(database, arrivals, clock),
        partitions=partitions,
        arrivals=arrivals,
    )

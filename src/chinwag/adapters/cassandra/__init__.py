"""What lasts on the way of a message, on Cassandra: messages and marks, for more than one database can hold.

What goes to inboxes is given to a `Poster`, which the caller brings.
"""

import msgspec

from chinwag.adapters.cassandra.database import PATIENCE, Database, Requests
from chinwag.adapters.cassandra.driver import CassandraServers, Driver, DriverError
from chinwag.adapters.cassandra.fences import Fences
from chinwag.adapters.cassandra.mark_store import CassandraMarkStore
from chinwag.adapters.cassandra.message_store import CassandraMessageStore
from chinwag.adapters.cassandra.poster import Poster
from chinwag.adapters.cassandra.schema import SchemaError, make_schema, verify

__all__ = [
    "CassandraServers",
    "CassandraStores",
    "Database",
    "Driver",
    "Fences",
    "Poster",
    "SchemaError",
    "make_schema",
    "open_driver",
    "open_stores",
    "stores_on",
]


class CassandraStores(msgspec.Struct, frozen=True):
    """The stores of one process.

    database: for what else this process keeps in the keyspace. fences: begin an epoch there before its worker reads
    anything; a batch counts only while no later one has begun. partitions: of the log, as the schema was made.
    """

    database: Database
    message_store: CassandraMessageStore
    mark_store: CassandraMarkStore
    fences: Fences
    partitions: int

    async def close(self) -> None:
        """Wait for what is under way (bounded), and let go of all connections."""
        await self.message_store.close()
        await self.fences.close()
        await self.database.close()


async def open_stores(servers: CassandraServers, poster: Poster, *, patience: float = PATIENCE) -> CassandraStores:
    """Open the stores in a keyspace whose schema was made. patience: seconds that a call may take, and two more.

    Raises `SchemaError`, and `Refused(UNAVAILABLE)`.
    """
    driver, partitions = await open_driver(servers)
    return stores_on(driver, poster, partitions, patience=patience)


async def open_driver(servers: CassandraServers) -> tuple[Driver, int]:
    """A session with the keyspace, and how many partitions the log has. Raises `SchemaError`, and
    `Refused(UNAVAILABLE)`, which is `NoAnswerError` if too few nodes answer."""
    try:
        driver = await Driver.connect(servers)
        try:
            return driver, await verify(driver)
        except BaseException:
            await driver.close()
            raise
    except DriverError as error:
        raise error.refusal("Cassandra does not answer") from error


def stores_on(requests: Requests, poster: Poster, partitions: int, *, patience: float = PATIENCE) -> CassandraStores:
    """The stores over a session."""
    database = Database(requests, patience=patience)
    fences = Fences(Database(requests, patience=patience))
    return CassandraStores(
        database=database,
        message_store=CassandraMessageStore(database, fences, poster, partitions),
        mark_store=CassandraMarkStore(database, poster),
        fences=fences,
        partitions=partitions,
    )

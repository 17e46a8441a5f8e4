"""What the store keeps about streams, besides what comes of their records: how far each has come."""

from typing import Final

from chinwag.adapters.cassandra.driver import CassandraServers, Driver, DriverError
from chinwag.adapters.cassandra.moves import COLUMNS as MOVES
from chinwag.adapters.cassandra.schema import OPTIONS, SchemaError
from chinwag.adapters.cassandra.stamps import stamp
from chinwag.adapters.cassandra.statements import Read, insert
from chinwag.domain.refusal import Code, Refused

VERSION: Final = 2
"""2: the inboxes' epoch may be counted from a base (`moves`)."""
TABLES: Final = {
    # one row. partitions: of the inboxes, fixed
    "inbox_life": "one int PRIMARY KEY, version int, partitions int",
    # of an inbox partition: up to where its records are rows, and what each source had posted by then
    "inbox_checkpoints": "partition int PRIMARY KEY, checkpoint blob",
    # of an inbox partition: the highest place that somebody was told of
    "inbox_acked": "partition int PRIMARY KEY, place blob",
    # of a partition of the log: the highest place that a state has applied
    "log_applied": "partition int PRIMARY KEY, place blob",
    # one row, of an installation that is moved here, or was. base: what the inboxes' epoch is counted from
    "moves": MOVES,
}
_LIFE: Final = Read("SELECT version, partitions FROM inbox_life WHERE one = 1")
_LIVE: Final = insert("inbox_life", "one version partitions", 1)


async def make_stream_tables(servers: CassandraServers, partitions: int) -> None:
    """Make them in the keyspace, which is there, if they are not. partitions: of the inboxes, fixed from then on.
    Raises `SchemaError`, and `Refused(UNAVAILABLE)`."""
    try:
        driver = await Driver.connect(servers)
        try:
            for table, columns in TABLES.items():
                await driver.define(f"CREATE TABLE IF NOT EXISTS {servers.keyspace}.{table} ({columns}) WITH {OPTIONS}")
            there = await driver.rows(_LIFE, ())
            if not there or (there[0][0] < VERSION and there[0][1] == partitions):
                # What is new since is there by now: there are tables more, and none has changed.
                await driver.write([(_LIVE, (1, VERSION, partitions, stamp(VERSION)))])
            found = await inbox_partitions(driver)
            if found != partitions:
                raise SchemaError(
                    f"this keyspace was made for {found} inbox partitions, which cannot be changed to {partitions}"
                )
        finally:
            await driver.close()
    except DriverError as error:
        raise Refused(Code.UNAVAILABLE, f"Cassandra does not make the tables: {error}", 1.0) from error


async def inbox_partitions(driver: Driver) -> int:
    """How many inbox partitions there are. Raises `SchemaError`, and `DriverError`."""
    found = await driver.rows(_LIFE, ())
    if not found:
        raise SchemaError("this keyspace holds no inboxes' tables yet: run `chinwag cluster init`")
    version, partitions = found[0]
    if version < VERSION:
        raise SchemaError(
            f"the inboxes' tables are of form {version}, and this version of Chinwag needs {VERSION}: run `chinwag "
            "cluster init` of this one"
        )
    if version > VERSION:
        raise SchemaError(
            f"the inboxes' tables are of form {version}, and this version of Chinwag knows {VERSION} at most: use the "
            "version that made them, or a newer one"
        )
    return int(partitions)

"""The keyspace and its tables. Names (of accounts, conversations, devices, sends) are blobs: the UTF-8 of any text.

Values are in the form of adapters/stored.py unless a column says it all. No write is without a timestamp (stamps.py).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from chinwag.adapters.cassandra.driver import CassandraServers, Driver, DriverError
from chinwag.adapters.cassandra.stamps import stamp
from chinwag.adapters.cassandra.statements import Read, insert
from chinwag.domain.refusal import Code, Refused
from chinwag.told import Told

VERSION: Final = 4
PARTITIONS: Final = 64
TOGETHER: Final = 4
"""Tables that are made at once. Nodes make them one after another, and each must be through in its time."""
BUCKET: Final = 500
"""Numbers of a conversation whose events are one partition of the table."""
KEY_SHARDS: Final = 16
MARK_SHARDS: Final = 4
MEMBER_SHARDS: Final = 16
JOINING_BUCKET: Final = 10_000
"""Numbers of a conversation whose joinings are one partition of the table."""
INBOX_BUCKET: Final = 1_000
"""Positions of an inbox that are one partition of the table."""

TABLES: Final = {
    # one row. partitions: of the log, fixed
    "life": "one int PRIMARY KEY, version int, partitions int",
    # of the log: the latest epoch that was begun
    "partitions": "partition int PRIMARY KEY, epoch bigint",
    # bucket: number / 500
    "events": (
        "conversation blob, bucket bigint, number bigint, event blob, PRIMARY KEY ((conversation, bucket), number)"
    ),
    # ended: of each epoch that is over, up to where the conversation had applied it. clearing: messages whose reactions
    # are to go
    "states": "conversation blob PRIMARY KEY, state blob, ended blob, clearing blob",
    # shard: the CRC-32 of the id, modulo 16, so that all of a device can be listed
    "send_keys": (
        "conversation blob, device blob, shard int, id blob, key blob, PRIMARY KEY ((conversation, device, shard), id)"
    ),
    # length: of the conversation's name, as clients page by it first
    "spans": (
        "account blob, length int, conversation blob, first bigint, span blob, "
        "PRIMARY KEY (account, length, conversation, first)"
    ),
    # what `spans` says of who has left, one for each leaving: there, whoever comes back may overwrite it
    "closings": (
        "account blob, conversation blob, first bigint, last bigint, span blob, "
        "PRIMARY KEY ((account, conversation), first, last)"
    ),
    # among: with whom the account shares its presence there, itself too; nobody where it is no member
    "companions": "account blob, conversation blob, among blob, PRIMARY KEY (account, conversation)",
    # since: 0 once the message no longer mentions the account
    "mentions": (
        "account blob, conversation blob, number bigint, since bigint, PRIMARY KEY ((account, conversation), number)"
    ),
    "reactions": (
        "conversation blob, bucket bigint, message bigint, account blob, reacted blob, "
        "PRIMARY KEY ((conversation, bucket), message, account)"
    ),
    # of a conversation: the buckets that have reactions
    "reaction_buckets": "conversation blob, bucket bigint, there blob, PRIMARY KEY (conversation, bucket)",
    # of messages of wide groups: how many have put what on each
    "reaction_counts": (
        "conversation blob, bucket bigint, message bigint, counts blob, PRIMARY KEY ((conversation, bucket), message)"
    ),
    # of a wide group. shard: the CRC-32 of the account, modulo 16. stays: when it joined and left. wrote: its last
    # message
    "people": (
        "conversation blob, shard int, account blob, stays blob, wrote blob, "
        "PRIMARY KEY ((conversation, shard), account)"
    ),
    # bucket: joined / 10,000. gone: the number with which who joined left again, 0, or -1 for what is forgotten
    "joinings": (
        "conversation blob, bucket bigint, joined bigint, length int, account blob, gone bigint, "
        "PRIMARY KEY ((conversation, bucket), joined, length, account)"
    ),
    # of a conversation: the buckets that have joinings
    "joining_buckets": "conversation blob, bucket bigint, there blob, PRIMARY KEY (conversation, bucket)",
    "wide_groups": "conversation blob PRIMARY KEY, there blob",
    # one cell a mark (mark_cells.py), and what others are shown of it
    "marks": (
        "conversation blob, shard int, account blob, read blob, delivered blob, shown_read blob, shown_delivered blob, "
        "PRIMARY KEY ((conversation, shard), account)"
    ),
    "steps": "conversation blob, account blob, number bigint, at blob, PRIMARY KEY ((conversation, account), number)",
    "presence": "account blob PRIMARY KEY, seen blob",
    # what an account's devices must know; a row is gone after a while
    "inbox": "account blob, bucket bigint, position bigint, entry blob, PRIMARY KEY ((account, bucket), position)",
    "inbox_state": "account blob PRIMARY KEY, state blob",
    # of a node of the ring, by its id: since when nothing older is in its files (erasures.py)
    "erasures": "node blob PRIMARY KEY, begun bigint",
}

OPTIONS: Final = (
    "compaction = {'class': 'UnifiedCompactionStrategy'} AND read_repair = 'BLOCKING' AND gc_grace_seconds = 864000"
)
"""Read repair: what one reader has seen, every later one sees. Windows of time would go by the invented timestamps."""
_SMALL: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
_PLAIN: Final = _SMALL | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ.-")
_NAME_MOST: Final = 48
_LIFE: Final = Read("SELECT version, partitions FROM life WHERE one = 1")
_LIVE: Final = insert("life", "one version partitions", 1)


class SchemaError(Told):
    """The keyspace cannot be worked with; the words say why and what to do."""


async def make_schema(
    servers: CassandraServers,
    *,
    partitions: int = PARTITIONS,
    replicas: int = 3,
    besides: Mapping[str, str] | None = None,
    may_rise: Callable[[int, int], Awaitable[None]] | None = None,
) -> None:
    """Make the keyspace and its tables if they are not there, and those that an older version had not; doing it again
    changes nothing.

    partitions: of the log, fixed from then on. replicas: of every row, in each datacenter of one. besides: more tables,
    by their columns. may_rise: told of which schema an older version's tables are and become, before they count as this
    one's; what it raises keeps them as they were. Raises `SchemaError`, and `Refused(UNAVAILABLE)`.
    """
    keyspace, datacenter = servers.keyspace, servers.datacenter
    if not (
        keyspace[:1].isalpha()
        and _SMALL.issuperset(keyspace)
        and 0 < len(datacenter) <= _NAME_MOST >= len(keyspace)
        and _PLAIN.issuperset(datacenter)
    ):
        raise SchemaError("a keyspace has a-z, 0-9 and _, a letter first; a datacenter letters, digits, . _ and -")
    replication = f"{{'class': 'NetworkTopologyStrategy', '{servers.datacenter}': {int(replicas)}}}"
    try:
        driver = await Driver.connect(servers, keyspace=False)
        try:
            await driver.define(f"CREATE KEYSPACE IF NOT EXISTS {servers.keyspace} WITH replication = {replication}")
            # Several at once, as after each it takes a while until all nodes have heard of it.
            places = asyncio.Semaphore(TOGETHER)

            async def make(table: str, columns: str) -> None:
                async with places:
                    await driver.define(f"CREATE TABLE IF NOT EXISTS {keyspace}.{table} ({columns}) WITH {OPTIONS}")

            await asyncio.gather(*(make(*table) for table in (TABLES | dict(besides or {})).items()))
        finally:
            await driver.close()
        driver = await Driver.connect(servers)
        try:
            found = await driver.rows(_LIFE, ())
            if found and (found[0][0] > VERSION or found[0][1] != partitions):
                raise SchemaError(_other(found[0][0], found[0][1], partitions))
            if not found or found[0][0] < VERSION:
                if found and may_rise is not None:
                    await may_rise(found[0][0], VERSION)
                # What is new since is there by now: there are tables more, and none has changed.
                await driver.write([(_LIVE, (1, VERSION, partitions, stamp(VERSION)))])
        finally:
            await driver.close()
    except DriverError as error:
        raise Refused(Code.UNAVAILABLE, f"Cassandra does not make the tables: {error}", 1.0) from error


async def verify(driver: Driver) -> int:
    """How many partitions the log has. Raises `SchemaError`, and `DriverError`."""
    found = await driver.rows(_LIFE, ())
    if not found:
        raise SchemaError("this keyspace holds no messages' tables yet: run `chinwag cluster init`")
    version, partitions = found[0]
    if version != VERSION:
        raise SchemaError(_other(version, partitions, partitions))
    return int(partitions)


def _other(version: int, found: int, wanted: int) -> str:
    if version < VERSION:
        return (
            f"the messages' tables are of schema {version}, and this version of Chinwag needs {VERSION}: stop the "
            "servers of the older version, then run `chinwag cluster init` of this one"
        )
    if version > VERSION:
        return (
            f"the messages' tables are of schema {version}, and this version of Chinwag knows {VERSION} at most: use "
            "the version that made them, or a newer one"
        )
    return f"this keyspace was made for {found} partitions, which cannot be changed to {wanted}"

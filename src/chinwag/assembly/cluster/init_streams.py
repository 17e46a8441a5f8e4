"""What `chinwag cluster init` makes for the cassandra profile besides: tables, counters and streams."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from chinwag.adapters.cassandra import make_schema
from chinwag.adapters.cassandra.schema import PARTITIONS as LOG_PARTITIONS
from chinwag.adapters.cassandra.stream_tables import TABLES as STREAM_TABLES
from chinwag.adapters.cassandra.stream_tables import make_stream_tables
from chinwag.adapters.inboxes.records import PARTITIONS as INBOX_PARTITIONS
from chinwag.adapters.nats.stream_epochs import Applied, StreamEpochs
from chinwag.adapters.nats.streams import Streams
from chinwag.adapters.older_servers import OlderServersError
from chinwag.adapters.zookeeper import Epochs, ZooKeeperConnection
from chinwag.adapters.zookeeper.connection import MissingError
from chinwag.adapters.zookeeper.registry import make_registry
from chinwag.assembly.cluster.credentials import cassandra_servers
from chinwag.assembly.cluster.named_engines import NamedCounter, named, named_applied
from chinwag.assembly.cluster.opened import connected_to_nats
from chinwag.assembly.cluster.opened_streams import (
    INBOX,
    LOG,
    connected_to_zookeeper,
    inbox_applied,
    open_rows,
    stream_settings,
)
from chinwag.config import Config
from chinwag.ports.bus import new_node

AT_ONCE: Final = 8
"""Streams that are made side by side."""


async def init_streams(config: Config, cluster: str, say: Callable[[str], None]) -> None:
    """Make what is not there yet. Counts of partitions are as they were made first: others are refused. Raises a
    `Told`."""
    cassandra = f"Cassandra at {', '.join(config.cassandra.hosts)}"

    async def may_rise(found: int, wanted: int) -> None:
        if live := await _live_processes(config, cluster):
            raise OlderServersError(found, wanted, live)

    await named(cassandra, _tables(config, may_rise))
    say(f"the tables of messages are there, in keyspace {config.cassandra.keyspace} of {cassandra}")
    zookeeper = await connected_to_zookeeper(config, cluster)
    try:
        await named("ZooKeeper", _counters(zookeeper))
        say("the registry and the counters of epochs are there, in ZooKeeper")
        nats = await connected_to_nats(config, cluster, new_node("operator"))
        try:
            rows = await open_rows(config, filling=True)
            try:
                kinds: list[tuple[str, int, Applied]] = [
                    (LOG, rows.log_partitions, rows.places.applied),
                    (INBOX, rows.inbox_partitions, inbox_applied(rows.inbox)),
                ]
                for kind, count, applied in kinds:
                    streams = Streams(nats, stream_settings(config, kind))
                    counter = NamedCounter("ZooKeeper", Epochs(zookeeper, kind))
                    epochs = StreamEpochs(counter, streams, named_applied(cassandra, applied), lambda _: None)
                    await named("JetStream", _streams(streams, epochs, count))
                    await epochs.close()
                    say(f"{count} streams of the {kind} are there, in JetStream")
            finally:
                await rows.driver.close()
        finally:
            await nats.close()
    finally:
        await zookeeper.close()


async def _tables(config: Config, may_rise: Callable[[int, int], Awaitable[None]]) -> None:
    servers = cassandra_servers(config)
    await make_schema(
        servers,
        partitions=LOG_PARTITIONS,
        replicas=config.cassandra.replicas,
        besides=STREAM_TABLES,
        may_rise=may_rise,
    )
    await make_stream_tables(servers, INBOX_PARTITIONS)


async def _live_processes(config: Config, cluster: str) -> int:
    """How many there are, of whatever version; none where ZooKeeper holds nothing of this cluster."""
    zookeeper = await connected_to_zookeeper(config, cluster)
    try:
        return len(await named("ZooKeeper", zookeeper.children("nodes")))
    except MissingError:
        return 0
    finally:
        await zookeeper.close()


async def _counters(zookeeper: ZooKeeperConnection) -> None:
    await make_registry(zookeeper)
    for kind in (LOG, INBOX):
        await Epochs(zookeeper, kind).make()


async def _streams(streams: Streams, epochs: StreamEpochs, count: int) -> None:
    """Begin the first epoch of each partition. A later one is for the partition's worker to begin."""
    room = asyncio.Semaphore(AT_ONCE)

    async def begin(partition: int) -> None:
        async with room:
            if not await epochs.current(partition):
                await streams.make(partition, await epochs.begin(partition, 0))

    await asyncio.gather(*map(begin, range(count)))

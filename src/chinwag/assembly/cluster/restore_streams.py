"""`chinwag cluster restored` on the cassandra profile: every partition of the log and of the inboxes begins an epoch
that it never had, in a stream that is empty. Then what lies above the states that were brought back is taken back
(`restore_rows.py`)."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final

from chinwag.adapters.cassandra import Database
from chinwag.adapters.cassandra.taken_back import refuse_a_part
from chinwag.adapters.nats.stream_epochs import Applied, Counter
from chinwag.adapters.nats.streams import Streams
from chinwag.adapters.zookeeper import Epochs
from chinwag.assembly.cluster.init_streams import AT_ONCE
from chinwag.assembly.cluster.named_engines import NamedCounter, named, named_applied
from chinwag.assembly.cluster.opened import cluster_of, connected_to_nats
from chinwag.assembly.cluster.opened_streams import (
    INBOX,
    LOG,
    connected_to_zookeeper,
    inbox_applied,
    open_registry,
    open_rows,
    stream_settings,
)
from chinwag.assembly.cluster.restore_rows import restore_rows
from chinwag.assembly.roles import ROLES
from chinwag.config import Config
from chinwag.ports.bus import new_node
from chinwag.told import Told

JUMP: Final = 64
"""How far above all that is known the new epochs lie: a partition may have begun some after the backup, of which
nothing is known if the counters are lost as well. There are 16,383."""


class ServedError(Told):
    """Servers run, and would go on in the life that is over."""


async def restore_streams(config: Config, say: Callable[[str], None]) -> None:
    """Begin the new epochs. Done again, it begins others. say: what is done now. Raises a `Told`."""
    cluster = await cluster_of(config)
    async with AsyncExitStack() as opened:
        registry = await open_registry(config, cluster, opened)
        for role in ROLES:
            if there := await registry.nodes(role):
                raise ServedError(f"{there[0].id} runs: stop all servers, then run this again")
        zookeeper = await connected_to_zookeeper(config, cluster)
        opened.push_async_callback(zookeeper.close)
        nats = await connected_to_nats(config, cluster, new_node("operator"))
        opened.push_async_callback(nats.close)
        rows = await open_rows(config)
        opened.push_async_callback(rows.driver.close)
        kinds: list[tuple[str, int, Applied]] = [
            (LOG, rows.log_partitions, rows.places.applied),
            (INBOX, rows.inbox_partitions, inbox_applied(rows.inbox)),
        ]
        begun: dict[str, list[int]] = {}
        cassandra, database = f"Cassandra at {', '.join(config.cassandra.hosts)}", Database(rows.driver)
        await named(cassandra, refuse_a_part(database))
        for kind, count, applied in kinds:
            streams = Streams(nats, stream_settings(config, kind))
            say(f"beginning new epochs of the {kind}")
            counter = NamedCounter("ZooKeeper", Epochs(zookeeper, kind))
            begun[kind] = await named("JetStream", _begun(streams, counter, named_applied(cassandra, applied), count))
        await restore_rows(config, database, begun[LOG], say)


async def _begun(streams: Streams, counter: Counter, applied: Applied, count: int) -> list[int]:
    """The epoch of each partition."""
    room = asyncio.Semaphore(AT_ONCE)

    async def begin(partition: int) -> int:
        async with room:
            there = await streams.epochs(partition)
            known = max([await counter.current(partition), (await applied(partition)).epoch, *there])
            epoch = await counter.begin(partition, known + JUMP - 1)
            for old in there:  # before, as all of them have their room reserved
                await streams.delete(partition, old)
            await streams.make(partition, epoch)
            return epoch

    return await asyncio.gather(*map(begin, range(count)))

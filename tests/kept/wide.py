"""A server of this version on the kept rows of Cassandra and the kept dump of PostgreSQL, brought back as an operator
would."""

import asyncio
import lzma
import secrets
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from prove.process import ServerProcess
from tests.kept.restored import begun_on_dump
from tests.support.clusters import new_cluster
from tests.support.keeper import Urls
from tests.support.kept_rows import bring_rows
from tests.support.own_nats import own_nats_with_streams
from tests.support.own_zookeeper import own_zookeeper

from chinwag.adapters.cassandra import CassandraServers, Driver

HOST: Final = "127.0.0.1"
LEAST: Final = str(64 << 20)


@asynccontextmanager
async def brought(state: Path, port: int) -> AsyncIterator[CassandraServers]:
    """The kept rows of a state in a keyspace of their own, which is gone afterwards. port: of Cassandra."""
    servers = CassandraServers(hosts=(HOST,), port=port, keyspace=f"kept_{secrets.token_hex(6)}")
    try:
        await bring_rows(servers, state / "wide.rows.xz")
        yield servers
    finally:
        driver = await Driver.connect(servers, keyspace=False)
        await driver.define(f"DROP KEYSPACE IF EXISTS {servers.keyspace}")
        await driver.close()


@asynccontextmanager
async def begun_on_rows(state: Path, folder: Path, engines: Urls, port: int) -> AsyncIterator[ServerProcess]:
    """Not started yet. JetStream and ZooKeeper are new, as they are after a loss of everything."""
    with ExitStack() as held:
        [nats] = await asyncio.to_thread(lambda: held.enter_context(own_nats_with_streams(most=8 << 30)))
        zookeeper = await asyncio.to_thread(lambda: held.enter_context(own_zookeeper()))
        async with new_cluster(folder, Urls(engines.postgres, nats.url)) as cluster, brought(state, port) as servers:
            dump = folder / "wide.dump"
            dump.write_bytes(lzma.decompress((state / "wide.dump.xz").read_bytes()))
            cluster.environment |= {
                "CHINWAG_STORE_PROFILE": "cassandra",
                "CHINWAG_CASSANDRA_HOSTS": HOST,
                "CHINWAG_CASSANDRA_PORT": str(port),
                "CHINWAG_CASSANDRA_KEYSPACE": servers.keyspace,
                "CHINWAG_CASSANDRA_REPLICAS": "1",
                "CHINWAG_ZOOKEEPER_HOSTS": ",".join(zookeeper.hosts),
                "CHINWAG_STREAMS_REPLICAS": "1",
                "CHINWAG_STREAMS_LOG_BYTES": LEAST,
                "CHINWAG_STREAMS_INBOX_BYTES": LEAST,
            }
            secret = (state / "wide.secret").read_bytes()
            async with begun_on_dump(cluster, dump, secret, folder) as process:
                yield process

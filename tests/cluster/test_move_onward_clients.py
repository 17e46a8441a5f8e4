"""A client of a cluster on PostgreSQL goes on after the move to Cassandra as if that had been away for a while."""

import secrets
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from prove.process import DidNotStartError, ServerProcess
from tests.support.after_move import goes_on, has
from tests.support.clusters import Cluster, new_cluster
from tests.support.keeper import Urls
from tests.support.own_nats import own_nats_with_streams
from tests.support.own_zookeeper import own_zookeeper
from tests.support.people import Crowd

from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import Text

pytestmark = pytest.mark.cluster_prove

LEAST = str(64 << 20)


@pytest.fixture
async def places(
    tmp_path: Path, engine_urls: Urls, cassandra_port: int
) -> AsyncIterator[tuple[Cluster, dict[str, str], dict[str, str]]]:
    """A cluster, and its settings on either profile."""
    with own_zookeeper() as zookeeper, own_nats_with_streams(most=8 << 30) as (nats,):
        async with new_cluster(tmp_path, Urls(postgres=engine_urls.postgres, nats=nats.url)) as made:
            wide = made.environment | {
                "CHINWAG_STORE_PROFILE": "cassandra",
                "CHINWAG_CASSANDRA_HOSTS": "127.0.0.1",
                "CHINWAG_CASSANDRA_PORT": str(cassandra_port),
                "CHINWAG_CASSANDRA_KEYSPACE": f"moved_{secrets.token_hex(6)}",
                "CHINWAG_CASSANDRA_REPLICAS": "1",
                "CHINWAG_ZOOKEEPER_HOSTS": ",".join(zookeeper.hosts),
                "CHINWAG_STREAMS_REPLICAS": "1",
                "CHINWAG_STREAMS_LOG_BYTES": LEAST,
                "CHINWAG_STREAMS_INBOX_BYTES": LEAST,
            }
            yield made, dict(made.environment), wide


async def test_a_client_goes_on_with_its_cursor_and_its_log_in(
    places: tuple[Cluster, dict[str, str], dict[str, str]],
) -> None:
    cluster, narrow, wide = places
    before = ServerProcess(cluster.data, environment=narrow)
    after = ServerProcess(cluster.data, environment=wide)
    crowd = Crowd(before)
    try:
        await cluster.init()
        await before.start()
        anna, ben = await crowd.people("anna", "ben")
        away = await crowd.another(ben)
        first = await anna.ask(Send(ClientId("one"), Text("one"), to=ben.account))
        assert isinstance(first, Ack)
        await ben.reach_head()
        await away.disconnect()
        two = Send(ClientId("two"), Text("two"), to=ben.account)
        missed = await anna.ask(two)
        assert isinstance(missed, Ack)
        await ben.until(partial(has, ben, missed.number), "the second message")

        cluster.environment = wide
        await cluster.init()
        served = await cluster.run("move")
        assert served.returncode == 1
        assert b"serve this database: stop them first" in served.stderr
        assert await before.stop() == 0
        moved = await cluster.run("move")
        assert moved.returncode == 0, moved.stderr.decode()
        assert b"comparing inbox" in moved.stderr
        assert b"accounts stay in PostgreSQL" in moved.stdout
        again = await cluster.run("move")
        assert b"have moved to keyspace" in again.stdout
        await cluster.init()  # as an update does
        with pytest.raises(DidNotStartError, match="chinwag move --back anyway"):
            await before.start()

        await after.start()
        await goes_on(after, anna, (ben, away), two, missed)
        assert await after.stop() == 0
    finally:
        await crowd.leave()
        before.end()
        after.end()

"""A server of the cassandra profile, one node of each engine: made, checked, chatted with, killed and begun again."""

import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from prove.process import ServerProcess
from tests.cluster.test_demo import At, talking
from tests.conversations.scripts import SCRIPTS
from tests.conversations.test_conversations import play
from tests.support.clusters import Cluster, new_cluster
from tests.support.keeper import Urls
from tests.support.own_nats import OwnNats, own_nats_with_streams
from tests.support.own_zookeeper import OwnEnsemble, own_zookeeper
from tests.support.places import Sockets

from chinwag.assembly.cluster import init_streams
from chinwag.assembly.cluster.check import check
from chinwag.config import load
from chinwag.life.doctor.finding import Level
from chinwag.told import Told

pytestmark = pytest.mark.cluster_prove

PLAYED = ("direct", "marks", "several-devices")
LEAST = str(64 << 20)


@pytest.fixture(scope="module")
def zookeeper() -> Iterator[OwnEnsemble]:
    """Of this file."""
    with own_zookeeper() as ensemble:
        yield ensemble


@pytest.fixture(scope="module")
def nats() -> Iterator[OwnNats]:
    """Of this file, with room for all streams."""
    with own_nats_with_streams(most=8 << 30) as (server,):
        yield server


@pytest.fixture
async def wide(
    tmp_path: Path, engine_urls: Urls, nats: OwnNats, zookeeper: OwnEnsemble, cassandra_port: int
) -> AsyncIterator[Cluster]:
    """A cluster of the cassandra profile, not yet made."""
    async with new_cluster(tmp_path, Urls(postgres=engine_urls.postgres, nats=nats.url)) as made:
        made.environment |= {
            "CHINWAG_STORE_PROFILE": "cassandra",
            "CHINWAG_CASSANDRA_HOSTS": "127.0.0.1",
            "CHINWAG_CASSANDRA_PORT": str(cassandra_port),
            "CHINWAG_CASSANDRA_KEYSPACE": f"profile_{secrets.token_hex(6)}",
            "CHINWAG_CASSANDRA_REPLICAS": "1",
            "CHINWAG_ZOOKEEPER_HOSTS": ",".join(zookeeper.hosts),
            "CHINWAG_STREAMS_REPLICAS": "1",
            "CHINWAG_STREAMS_LOG_BYTES": LEAST,
            "CHINWAG_STREAMS_INBOX_BYTES": LEAST,
        }
        yield made


async def test_people_chat_on_the_profile_over_a_kill_and_their_messages_are_there(
    wide: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await wide.run("serve", "--cluster-wait-seconds", "0")
    assert before.returncode == 1
    assert b"chinwag cluster init" in before.stderr
    await wide.init()
    await wide.init()  # changes nothing
    config = load({}, wide.environment, None).config
    found = [one async for one in check(config)]
    failing = {one.subject for one in found if one.level is Level.FAIL}
    # The run's engines do not sync, as tests kill processes alone; and that is seen.
    assert failing == {"Cassandra, commitlog_sync", "PostgreSQL, fsync"}
    with socket.socket() as probe:  # its people come back to the same address
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = ServerProcess(wide.data, environment=wide.environment, port=port)
    await process.start()
    try:
        for script in SCRIPTS:
            if script.name in PLAYED:
                await play(script, Sockets(At(process.url)))
        async with talking(process.url, process.url) as talk:
            await talk.go_on()
            await process.kill()
            await process.start()
            await talk.go_on()
        status = await wide.run("status", "--json")
        assert status.returncode == 0, status.stderr
        assert await process.stop() == 0
    finally:
        process.end()
    monkeypatch.setattr(init_streams, "INBOX_PARTITIONS", 8)
    with pytest.raises(Told, match="16 inbox partitions, which cannot be changed to 8"):
        await init_streams.init_streams(config, "any", lambda _: None)

"""`chinwag cluster check` on engines of the cassandra profile that are spoilt for real: each fault is named, with what
to type against it, and once that is typed it is gone."""

import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
import pytest
from tests.cluster.test_check import config_of, found
from tests.support.clusters import Cluster, new_cluster
from tests.support.keeper import Urls
from tests.support.own_cassandra import OwnCassandra, own_cassandra
from tests.support.own_nats import OwnNats, own_nats
from tests.support.own_zookeeper import OwnEnsemble, own_zookeeper

from chinwag.adapters.cassandra.driver import Driver
from chinwag.adapters.cassandra.schema import TABLES
from chinwag.adapters.cassandra.stream_tables import TABLES as STREAM_TABLES
from chinwag.adapters.nats import NatsConnection
from chinwag.adapters.nats.streams import Config, Streams
from chinwag.adapters.zookeeper import Epochs
from chinwag.assembly.cluster.credentials import cassandra_servers
from chinwag.assembly.cluster.init import init
from chinwag.assembly.cluster.opened import cluster_of, connected_to_nats
from chinwag.assembly.cluster.opened_streams import LOG, connected_to_zookeeper, stream_settings
from chinwag.engines import Place
from chinwag.flow.clock import system_clock
from chinwag.life.doctor import Finding, Level
from chinwag.ports.bus import NodeId

pytestmark = pytest.mark.cluster_prove

LEAST: Final = 64 << 20
KEYSPACE: Final = "spoilt"
GUARDED: Final = {"commitlog_sync": "batch", "commitlog_sync_period": None, "maximum_timestamp_warn_threshold": "1h"}
"""What the second node has: it syncs, and warns of each of our writes."""
ALWAYS: Final = {
    "PostgreSQL, fsync",  # of the run's
    "Cassandra at 127.0.0.1, commitlog_sync",
    "Cassandra at 127.0.0.2, maximum_timestamp_warn_threshold",
}
"""What is wrong with these engines from the beginning. Each node of Cassandra has a fault of its own."""


@pytest.fixture(scope="module")
def ring() -> Iterator[list[OwnCassandra]]:
    with own_cassandra(2, {2: GUARDED}) as nodes:
        for node in nodes:
            node.find_others()
        yield nodes


@pytest.fixture(scope="module")
def zookeeper() -> Iterator[OwnEnsemble]:
    with own_zookeeper() as ensemble:
        yield ensemble


@pytest.fixture(scope="module")
def monitor() -> int:
    """The port where NATS is monitored."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def nats(monitor: int) -> Iterator[OwnNats]:
    """One that syncs every two minutes, as is the default."""

    def settings(place: Place) -> Mapping[str, object]:
        store = str(place.folder / "nats" / "streams")
        return {"jetstream": {"store_dir": store, "max_file_store": 8 << 30}, "http": f"127.0.0.1:{monitor}"}

    with own_nats(settings) as server:
        yield server


@pytest.fixture
async def wide(
    tmp_path: Path, engine_urls: Urls, nats: OwnNats, monitor: int, zookeeper: OwnEnsemble, ring: list[OwnCassandra]
) -> AsyncIterator[Cluster]:
    async with new_cluster(tmp_path, Urls(postgres=engine_urls.postgres, nats=nats.url)) as made:
        made.environment |= {
            "CHINWAG_STORE_PROFILE": "cassandra",
            "CHINWAG_CASSANDRA_HOSTS": ring[0].host,
            "CHINWAG_CASSANDRA_PORT": str(ring[0].port),
            "CHINWAG_CASSANDRA_KEYSPACE": KEYSPACE,
            "CHINWAG_CASSANDRA_REPLICAS": "1",
            "CHINWAG_ZOOKEEPER_HOSTS": ",".join(zookeeper.hosts),
            "CHINWAG_STREAMS_REPLICAS": "1",
            "CHINWAG_STREAMS_LOG_BYTES": str(LEAST),
            "CHINWAG_STREAMS_INBOX_BYTES": str(LEAST),
            "CHINWAG_STREAMS_MONITOR_URLS": f"http://127.0.0.1:{monitor}",
        }
        yield made


def wrong(findings: Mapping[str, Finding], monitor: int) -> dict[str, str]:
    """What fails besides what always does, each with what is to be done."""
    fails = {subject: one.advice for subject, one in findings.items() if one.level is Level.FAIL}
    always = ALWAYS | {f"JetStream at http://127.0.0.1:{monitor}, sync_interval"}
    assert fails.keys() >= always, fails
    return {subject: advice for subject, advice in fails.items() if subject not in always}


async def test_each_fault_of_each_engine_is_named_and_gone_once_it_is_mended(wide: Cluster, monitor: int) -> None:
    config = config_of(wide)
    before = wrong(await found(wide), monitor)
    assert {f"Cassandra, keyspace {KEYSPACE}", "JetStream, streams of the log"} <= before.keys()
    assert all("chinwag cluster init" in before[one] for one in before if one.startswith(("Cassandra", "JetStream")))
    await init(config, lambda _: None)
    assert wrong(await found(wide), monitor) == {}

    tables = {
        "states, read_repair": "WITH read_repair = 'NONE'",
        "events, gc_grace_seconds": "WITH gc_grace_seconds = 0",
        "inbox, compaction": "WITH compaction = {'class': 'TimeWindowCompactionStrategy'}",
    }
    driver = await Driver.connect(cassandra_servers(config))
    nats = await connected_to_nats(config, await cluster_of(config), NodeId("check"))
    try:
        for subject, words in tables.items():
            await driver.define(f"ALTER TABLE {KEYSPACE}.{subject.partition(',')[0]} {words}")
        await driver.define(
            f"ALTER KEYSPACE {KEYSPACE} WITH replication = {{'class': 'NetworkTopologyStrategy', 'datacenter1': 2}}"
        )
        streams = Streams(nats, stream_settings(config, LOG))
        right = (await streams.kept())[0][0].config
        await _update(nats, msgspec.structs.replace(right, discard="old"))

        advice = wrong(await found(wide), monitor)
        assert advice.keys() == {
            *(f"Cassandra, {KEYSPACE}.{subject}" for subject in tables),
            f"Cassandra, keyspace {KEYSPACE}, replicas",
            "JetStream, streams of the log, discard",
        }
        for subject, typed in advice.items():
            if subject.startswith("Cassandra"):
                await driver.define(typed.partition(";")[0])  # as it is told
        assert "--discard=new" in advice["JetStream, streams of the log, discard"]
        await _update(nats, right)
        assert wrong(await found(wide), monitor) == {}

        await driver.define(f"ALTER TABLE {KEYSPACE}.states DROP clearing")
        await driver.define(f"ALTER TABLE {KEYSPACE}.events WITH default_time_to_live = 60")
        await driver.define(f"DROP TABLE {KEYSPACE}.marks")
        await _update(nats, msgspec.structs.replace(right, retention="interest", max_msgs=10))
        lost = (await streams.kept())[0][1].config
        await streams.delete(streams.partition(lost.name), 1)
        findings = await found(wide)
        advice = wrong(findings, monitor)
        assert advice.keys() == {
            f"Cassandra, keyspace {KEYSPACE}",
            f"Cassandra, {KEYSPACE}.states, column clearing",
            f"Cassandra, {KEYSPACE}.events, default_time_to_live",
            "JetStream, streams of the log",
            "JetStream, streams of the log, retention",
            "JetStream, streams of the log, limits",
        }
        of = len(TABLES | STREAM_TABLES)
        assert findings[f"Cassandra, keyspace {KEYSPACE}"].found == f"1 of {of} tables are not there: marks"
        assert "chinwag cluster init" in advice[f"Cassandra, keyspace {KEYSPACE}"]
        assert "--retention=limits" in advice["JetStream, streams of the log, retention"]
        await init(config, lambda _: None)
        await driver.define(f"ALTER TABLE {KEYSPACE}.states ADD clearing blob")
        await driver.define(f"ALTER TABLE {KEYSPACE}.events WITH default_time_to_live = 0")
        await _update(nats, right)
        assert wrong(await found(wide), monitor).keys() == {"JetStream, streams of the log"}
        await streams.make(streams.partition(lost.name), 1)
        assert wrong(await found(wide), monitor) == {}
    finally:
        await nats.close()
        await driver.close()

    ahead = await found(wide, clock=lambda: system_clock() + 60_000)
    assert {"PostgreSQL, clock", "JetStream, clock"} <= wrong(ahead, monitor).keys()
    assert all(ahead[f"Cassandra at 127.0.0.{number}, clock"].level is Level.WARN for number in (1, 2))

    zookeeper = await connected_to_zookeeper(config, await cluster_of(config))
    try:
        await Epochs(zookeeper, LOG).begin(3, 0, floor=12_000)
    finally:
        await zookeeper.close()
    many = (await found(wide))["ZooKeeper, epochs of the log"]
    assert (many.level, many.found) == (Level.WARN, "the highest is 12,001 of 16,383")


async def test_a_node_that_does_not_answer_is_named(
    wide: Cluster, monitor: int, ring: list[OwnCassandra], zookeeper: OwnEnsemble
) -> None:
    ring[1].kill()
    zookeeper.servers[0].kill()
    fails = {subject: one for subject, one in (await found(wide)).items() if one.level is not Level.OK}
    assert fails["Cassandra at 127.0.0.2"].level is Level.WARN
    assert "start it" in fails["Cassandra at 127.0.0.2"].advice
    assert "see that it runs" in fails[f"ZooKeeper at {zookeeper.hosts[0]}"].advice
    assert fails["ZooKeeper"].level is Level.FAIL


async def _update(nats: NatsConnection, stream: Config) -> None:
    """As `nats stream edit` does."""
    answer = await nats.ask(f"$JS.API.STREAM.UPDATE.{stream.name}", msgspec.json.encode(stream), 5.0)
    assert "error" not in msgspec.json.decode(answer), answer

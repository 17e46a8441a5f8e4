"""What was overwritten or deleted on a Cassandra node is in none of its files, once what takes it away has run."""

import shlex
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import pytest
from tests.contract.harness import ANN, BEN, PAIR, commit, event
from tests.engines.test_cassandra_ring import Nowhere
from tests.support.own_cassandra import OwnCassandra, own_cassandra

from chinwag.adapters.cassandra import CassandraServers, Database, Driver, make_schema, open_stores
from chinwag.adapters.cassandra.erasures import Erasures, RingNode
from chinwag.adapters.cassandra.stream_tables import make_stream_tables
from chinwag.assembly.cluster.erase_nodes import erase_nodes
from chinwag.assembly.cluster.erased_by_nodes import ErasedByNodes, erasure_findings
from chinwag.assembly.cluster.nodetool import Nodetool
from chinwag.config import Config
from chinwag.config.cassandra_section import Cassandra
from chinwag.config.cluster_sections import Store
from chinwag.config.sections import Erasure
from chinwag.domain.conversation import Position, SendKey
from chinwag.domain.facts import Target
from chinwag.domain.ids import ClientId, DeviceId
from chinwag.domain.reactions import Reacted, Step
from chinwag.flow.clock import DAY_MS, system_clock
from chinwag.life.doctor.finding import Level
from chinwag.ports.message_store import Changed, KeyName

pytestmark = pytest.mark.cluster_prove

# Nothing in them comes twice: the files are compressed, and what repeats would not stand there as it is.
TEXT: Final = "Kx9vQ2mW8rT4"
DIGEST: Final = b"bH7jZ5nP1sD6"
REACTION: Final = "gL3cY0uF-eAo"
DEVICE: Final = DeviceId("phone")
CANARIES: Final = (TEXT.encode(), DIGEST, REACTION.encode())


@pytest.fixture(scope="module")
def node() -> Iterator[OwnCassandra]:
    with own_cassandra() as [only]:
        yield only


async def test_what_was_replaced_or_deleted_is_gone_from_every_file(node: OwnCassandra) -> None:
    servers = CassandraServers(hosts=(node.host,), port=node.port)
    await make_schema(servers, partitions=1, replicas=1)
    await make_stream_tables(servers, 1)
    stores = await open_stores(servers, Nowhere())
    store, key = stores.message_store, KeyName(PAIR, DEVICE, ClientId("c2"))
    first = commit(1, 3)
    of_joy = Reacted((Step(3, REACTION, True),))
    await store.commit(
        [
            msgspec.structs.replace(
                first,
                events=[(1, event(1)), (2, event(2, TEXT)), (3, event(3))],
                keys=[(key, SendKey(Position(1, 2, 0), 2, 1002, DIGEST))],
                reactions=[(2, BEN, of_joy)],
            )
        ]
    )
    node.engine.tool("flush", servers.keyspace)
    for canary in CANARIES:
        assert _tables_with(node.home, canary), "it is looked for where it is"

    deleted = Changed(event(2), Target("message", ANN, 1002, "deleted", (4,), 4))
    await store.commit(
        [
            msgspec.structs.replace(
                commit(4, 4),
                rewrites=[(2, deleted)],
                keys=[(key, SendKey(Position(1, 2, 0), 2, 1002))],
                cleared=[2],
            )
        ]
    )
    node.engine.tool("flush", servers.keyspace)
    for canary in CANARIES:
        assert _tables_with(node.home, canary), "what is overwritten is still in a file below"
    await stores.close()
    config = Config(
        store=Store(profile="cassandra"),
        cassandra=Cassandra(hosts=(node.host,), port=node.port),
        erasure=Erasure(days=7),
    )
    began = system_clock()
    found = await erase_nodes(config, Nodetool(shlex.join(node.engine.tool_command())), (), lambda _: None)
    assert [finding.level for finding in found] == [Level.OK]
    for canary in CANARIES:
        assert _files_with(node.home, canary) == [], "neither in tables nor in the commit log"
    driver = await Driver.connect(servers)
    erasures = Erasures(Database(driver))
    [noted] = (await erasures.begun()).values()
    assert began <= noted <= system_clock()
    # It is complained of once that is longer ago than was promised, and of a node that nobody has erased on.
    for days, late in ((7, 0), (8, 1)):
        now = noted + days * DAY_MS
        looking = ErasedByNodes(erasures, partial(int, now), 7)
        assert not await looking.scrub_texts()
        assert looking.overdue == late
    nodes = [*await erasures.nodes(), RingNode("new", "10.0.0.9")]
    assert [one.level for one in erasure_findings(nodes, {nodes[0].id: noted}, noted + 8 * DAY_MS, 7)] == [
        Level.FAIL,
        Level.WARN,
    ]
    await driver.close()

    stores = await open_stores(servers, Nowhere())
    assert await stores.message_store.events(PAIR, 1, 9) == [event(1), deleted, event(3), event(4)]
    assert await stores.message_store.keys([key]) == [SendKey(Position(1, 2, 0), 2, 1002)]
    await stores.close()


def _files_with(home: Path, canary: bytes) -> list[str]:
    return [str(path.relative_to(home)) for path in home.rglob("*") if path.is_file() and canary in path.read_bytes()]


def _tables_with(home: Path, canary: bytes) -> list[str]:
    return [name for name in _files_with(home, canary) if "/data/" in name]

"""What several files of these tests need: engines of one file, and a cluster of each test on them."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from tests.contract.over_inbox_streams import a_keyspace, emptied
from tests.engines import inbox_world
from tests.engines.inbox_world import InboxWorld
from tests.engines.stream_world import World, a_world
from tests.support.own_nats import OwnNats, own_nats_with_streams
from tests.support.own_zookeeper import OwnEnsemble, own_zookeeper

from chinwag.adapters.cassandra import CassandraServers


@pytest.fixture(scope="module")
def zookeeper() -> Iterator[OwnEnsemble]:
    """One server, of one file of tests."""
    with own_zookeeper() as ensemble:
        yield ensemble


@pytest.fixture(scope="module")
def nats() -> Iterator[OwnNats]:
    """One server with JetStream, of one file of tests."""
    with own_nats_with_streams() as (server,):
        yield server


@pytest.fixture
async def world(nats: OwnNats, zookeeper: OwnEnsemble) -> AsyncIterator[World]:
    """A cluster of the test's own on both."""
    async with a_world(nats.url, nats.port, zookeeper.hosts) as opened:
        yield opened


@pytest.fixture(scope="module")
def keyspace(cassandra_port: int) -> CassandraServers:
    """Of one file of tests."""
    return a_keyspace(cassandra_port)


@pytest.fixture
async def inboxes(nats: OwnNats, zookeeper: OwnEnsemble, keyspace: CassandraServers) -> AsyncIterator[InboxWorld]:
    """A cluster of the test's own with one inbox partition."""
    made = InboxWorld(nats, zookeeper, keyspace)
    yield made
    async with asyncio.timeout(inbox_world.BOUND):
        await made.close()
    await emptied(keyspace)

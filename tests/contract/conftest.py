"""Every contract suite runs over every adapter of its port."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from tests.contract.counting import Time
from tests.contract.directories import Open, Place, PostgresPlace, SqlitePlace
from tests.contract.embedded import EmbeddedHarness
from tests.contract.harness import LogHarness, Stores
from tests.contract.over_cassandra import CassandraHarness, new_keyspace
from tests.contract.over_inbox_streams import InboxStreamsHarness, a_keyspace
from tests.contract.over_jetstream import StreamLogHarness
from tests.contract.over_nats import NatsLogHarness, NatsStores, nats_at
from tests.contract.postgres import PostgresHarness, new_database
from tests.contract.search_indexes import embedded_index, postgres_index
from tests.support.engines import empty_database, folder_of, urls
from tests.support.keeper import Urls
from tests.support.own_zookeeper import OwnEnsemble, own_zookeeper

from chinwag.adapters.cassandra import CassandraServers
from chinwag.adapters.embedded.bus import EmbeddedBus
from chinwag.adapters.embedded.questions import EmbeddedQuestions
from chinwag.adapters.nats import NatsBus, NatsConnection, NatsQuestions, NatsServers
from chinwag.ports.bus import Bus
from chinwag.ports.directory import Directory
from chinwag.ports.questions import Questions
from chinwag.ports.search_index import SearchIndex


@pytest.fixture(scope="module", autouse=True)
def a_patient_directory() -> None:
    """Elsewhere it is patient; here its bounds are tested."""


@pytest.fixture
def time() -> Time:
    """A clock that the test turns."""
    return Time()


@pytest.fixture(scope="module")
def zookeeper() -> Iterator[OwnEnsemble]:
    """One ZooKeeper server, of one file of tests."""
    with own_zookeeper() as ensemble:
        yield ensemble


@pytest.fixture(params=["embedded", "nats", "jetstream"])
def log_harness(request: pytest.FixtureRequest, tmp_path: Path) -> LogHarness:
    """One adapter of the Log."""
    if request.param == "embedded":
        return EmbeddedHarness(tmp_path / "data")
    if request.param == "jetstream":
        hosts = request.getfixturevalue("zookeeper").hosts
        return StreamLogHarness(nats_at(request.getfixturevalue("nats_url")), hosts)
    servers, database = request.getfixturevalue("nats_url"), request.getfixturevalue("messages_database")
    return NatsLogHarness(nats_at(servers), database)


@pytest.fixture
async def ports(log_harness: LogHarness) -> AsyncIterator[LogHarness]:
    """The same, serving."""
    await log_harness.start()
    yield log_harness
    await log_harness.stop()
    await log_harness.remove()


@pytest.fixture(params=["postgres", "sqlite"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """An empty database, of each kind that has a directory."""
    if request.param == "sqlite":
        yield SqlitePlace(tmp_path / "new" / "directory.db")
        return
    async with (
        empty_database(urls(folder_of(request.config)).postgres) as url,
        PostgresPlace.behind_a_proxy(url) as found,
    ):
        yield found


@pytest.fixture(params=["embedded", "postgres", "cassandra"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Stores:
    """One adapter of the ports of what lasts on the way of a message."""
    if request.param == "embedded":
        return EmbeddedHarness(tmp_path / "data")
    database = request.getfixturevalue("messages_database")
    if request.param == "streams":  # where a suite asks for it
        nats, hosts = request.getfixturevalue("nats_url"), request.getfixturevalue("zookeeper").hosts
        return InboxStreamsHarness(nats, hosts, request.getfixturevalue("inbox_keyspace"))
    if request.param == "nats":  # where a suite asks for it
        return NatsStores(nats_at(request.getfixturevalue("nats_url")), database)
    if request.param == "cassandra":
        return CassandraHarness(request.getfixturevalue("cassandra"), database)
    return PostgresHarness(database)


@pytest.fixture(scope="session")
def inbox_keyspace(cassandra_port: int) -> CassandraServers:
    """A keyspace for inboxes on the run's Cassandra; suites empty it after each test."""
    return a_keyspace(cassandra_port)


@pytest.fixture(scope="session")
def cassandra(cassandra_port: int) -> CassandraServers:
    """A keyspace of one partition of the log on the run's Cassandra; suites empty it after each test, as making one
    takes longer."""
    servers = CassandraServers(hosts=("127.0.0.1",), port=cassandra_port, keyspace=f"contract_{os.urandom(6).hex()}")
    asyncio.run(new_keyspace(servers))
    return servers


@pytest.fixture
async def stores(harness: Stores) -> AsyncIterator[Stores]:
    """The same, serving."""
    await harness.start()
    yield harness
    harness.fault.fail = ""
    harness.fault.go()
    await harness.stop()
    await harness.remove()


@pytest.fixture(scope="session")
def messages_database(engine_urls: Urls) -> str:
    """A database for what lasts on the way of a message, on the run's PostgreSQL; suites empty it for each test, as
    making one takes longer."""
    return asyncio.run(new_database(engine_urls.postgres))


@pytest.fixture
def opener(place: Place) -> Open:
    """Opens the same directory, each time anew."""
    return place.open


@pytest.fixture
async def directory(opener: Open) -> AsyncIterator[Directory]:
    opened = await opener()
    yield opened
    await opened.close()


@pytest.fixture(params=["embedded", "nats"])
def live(request: pytest.FixtureRequest) -> NatsServers | None:
    """What carries what passes between processes: None where there is but one, else NATS."""
    return nats_at(request.getfixturevalue("nats_url")) if request.param == "nats" else None


@pytest.fixture(params=["embedded", "postgres"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Awaitable[SearchIndex]]:
    """Opens one adapter of the SearchIndex, empty."""
    if request.param == "embedded":
        return lambda: embedded_index(tmp_path)
    database = request.getfixturevalue("messages_database")
    return lambda: postgres_index(database)


@pytest.fixture
async def index(opening: Callable[[], Awaitable[SearchIndex]]) -> AsyncIterator[SearchIndex]:
    """The same, opened."""
    opened = await opening()
    yield opened
    await opened.close()


@pytest.fixture
async def indexes(tmp_path: Path, messages_database: str) -> AsyncIterator[list[SearchIndex]]:
    """All of them, empty."""
    opened: list[SearchIndex] = [await embedded_index(tmp_path), await postgres_index(messages_database)]
    yield opened
    for each in opened:
        await each.close()


@pytest.fixture
async def bus(live: NatsServers | None) -> AsyncIterator[Bus]:
    """One adapter of the Bus."""
    if live is None:
        yield EmbeddedBus()
        return
    connection = await NatsConnection.open(live, "contract")
    yield NatsBus(connection)
    await connection.close()


@pytest.fixture
async def questions(live: NatsServers | None) -> AsyncIterator[Questions]:
    """One adapter of questions to nodes."""
    if live is None:
        yield EmbeddedQuestions()
        return
    connection = await NatsConnection.open(live, "contract")
    yield NatsQuestions(connection)
    await connection.close()

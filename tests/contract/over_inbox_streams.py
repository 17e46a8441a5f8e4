"""The inboxes as streams and rows, under the contract suites and under faults: JetStream, ZooKeeper and Cassandra."""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import ClassVar, Literal

from tests.contract.over_cassandra import new_keyspace
from tests.contract.over_nats import nats_at
from tests.contract.over_zookeeper import zookeeper_at

from chinwag.adapters.cassandra import CassandraServers, CassandraStores, open_driver, stores_on
from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.driver import Driver
from chinwag.adapters.cassandra.inbox_rows import CassandraInboxRows
from chinwag.adapters.cassandra.log_places import LogPlaces
from chinwag.adapters.cassandra.stream_tables import TABLES, make_stream_tables
from chinwag.adapters.embedded.registry import EmbeddedRegistry
from chinwag.adapters.held_since import APART_MS
from chinwag.adapters.inboxes.epoch import InboxEpoch
from chinwag.adapters.inboxes.inbox import StreamInbox
from chinwag.adapters.inboxes.poster import StreamPoster
from chinwag.adapters.inboxes.publisher import Publisher
from chinwag.adapters.inboxes.renewal import Renewal
from chinwag.adapters.inboxes.workers import InboxWorkers
from chinwag.adapters.nats import NatsConnection, NatsServers
from chinwag.adapters.nats.stream_epochs import StreamEpochs
from chinwag.adapters.nats.streams import Streams, StreamSettings, Taken
from chinwag.adapters.zookeeper import Epochs, ZooKeeperConnection, ZooKeeperServers
from chinwag.adapters.zookeeper.registry import make_registry
from chinwag.domain.conversation import Position
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.bus import new_node
from chinwag.ports.inbox import Arrival, Bounds, Inbox, Posting, Slice
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import Commit, MessageStore
from chinwag.ports.registry import Node

PARTITIONS = 2
MOST = 16 << 20
SETTINGS = StreamSettings(kind="inbox", replicas=1, most=MOST)
KEPT_DAYS = 30
LONG_HELD_MS = 2 * APART_MS
CHECKPOINT = 0.02
"""Seconds from a record to the checkpoint: the suites wait for each."""
SOURCES = 1 << 30
"""Each conversation of the suites is a partition of the log by itself, as their positions are each one's own."""


class LosingStreams(Streams):
    """Appends that get lost. fail, hold, go: as `tests.contract.harness.Fault`."""

    def __init__(self, connection: NatsConnection, settings: StreamSettings) -> None:
        super().__init__(connection, settings)
        self.fail: Literal["", "before", "after"] = ""
        self.writes = 0
        self._passing = asyncio.Event()
        self._passing.set()

    def hold(self) -> None:
        self._passing.clear()

    def go(self) -> None:
        self._passing.set()

    async def append(self, partition: int, epoch: int, record: bytes, label: str) -> Taken:
        await self._passing.wait()
        self.writes += 1
        if self.fail == "before":
            raise Refused(Code.UNAVAILABLE, "lost on its way there")
        taken = await super().append(partition, epoch, record, label)
        if self.fail == "after":
            raise Refused(Code.UNAVAILABLE, "lost on its way back")
        return taken


class InboxProcess:
    """One process on the three engines. works: whether the inbox partitions are its own."""

    def __init__(
        self,
        servers: NatsServers,
        zookeeper: ZooKeeperServers,
        cassandra: CassandraServers,
        *,
        works: bool,
        patience: float = 1.0,
        settings: StreamSettings = SETTINGS,
        partitions: int = PARTITIONS,
        sources: int = SOURCES,
    ) -> None:
        self._servers = servers
        self._zookeeper = zookeeper
        self._cassandra = cassandra
        self._works = works
        self._patience = patience
        self._settings = settings
        self._partitions = partitions
        self._sources = sources
        self._opened = AsyncExitStack()
        self.now: Callable[[], int] = lambda: int(time.time() * 1000) - LONG_HELD_MS
        """Its clock, behind that of the streams: inboxes seem to be held since before what is posted, as most are."""
        self.connection: NatsConnection
        self.streams: LosingStreams
        self.rows: CassandraInboxRows
        self.epochs: StreamEpochs
        self.publisher: Publisher
        self.places: LogPlaces
        self.renewal: Renewal
        self.inbox: StreamInbox
        self.stores: CassandraStores
        self.driver: Driver
        self.workers: InboxWorkers | None = None

    async def start(self) -> None:
        opened = self._opened = AsyncExitStack()
        connection = await NatsConnection.open(self._servers, "contract")
        opened.push_async_callback(connection.close)
        self.connection = connection
        zookeeper = await ZooKeeperConnection.open(self._zookeeper)
        opened.push_async_callback(zookeeper.close)
        await make_registry(zookeeper)
        counters = Epochs(zookeeper, "inbox")
        await counters.make()
        self.driver, _ = await open_driver(self._cassandra)
        database = Database(self.driver, patience=self._patience)
        self.rows = CassandraInboxRows(database, KEPT_DAYS)
        self.streams = LosingStreams(connection, self._settings)
        self.epochs = StreamEpochs(counters, self.streams, self._applied, self._begun)
        opened.push_async_callback(self.epochs.close)
        self.publisher = Publisher(
            self.streams, self.epochs, self.rows, self._partitions, self._sources, patience=self._patience
        )
        opened.push_async_callback(self.publisher.close)
        self.places = LogPlaces(database)
        poster = StreamPoster(self.publisher, self.places, 1)
        self.stores = stores_on(self.driver, poster, 1, patience=self._patience)
        opened.push_async_callback(self.stores.close)
        epoch = InboxEpoch(self.epochs, self.rows, self._partitions)
        self.renewal = Renewal(self.stores.fences, self.publisher, self.rows, self.places, epoch)
        self.inbox = StreamInbox(self.publisher, self.rows, epoch, lambda: self.now(), KEPT_DAYS)
        if self._works:
            registry, node = EmbeddedRegistry(), new_node("delivery")
            await registry.register(Node(node, ("delivery",)))
            self.workers = InboxWorkers(
                connection,
                self.streams,
                self.epochs,
                self.rows,
                registry,
                node,
                self._partitions,
                self.inbox.tell,
                KEPT_DAYS,
                CHECKPOINT,
            )
            opened.push_async_callback(self.workers.close)
            await self.begun()

    async def begun(self) -> None:
        """Wait until all partitions have a stream."""
        async with asyncio.timeout(60):
            for partition in range(self._partitions):
                while not await self.streams.epochs(partition):  # noqa: ASYNC110 - an engine tells of nothing
                    await asyncio.sleep(0.02)

    async def stop(self) -> None:
        await self._opened.aclose()

    async def remove_streams(self) -> None:
        for partition in range(self._partitions):
            for epoch in await self.streams.epochs(partition):
                await self.streams.delete(partition, epoch)

    async def _applied(self, partition: int) -> Position:
        return max((await self.rows.checkpoint(partition)).applied, await self.rows.acked(partition))

    def _begun(self, partition: int) -> None:
        if self.workers is not None:
            self.workers.begun(partition)


class SettledInbox(Inbox):
    """An inbox in which what was posted is readable when the call returns, as the suites want it."""

    def __init__(self, process: InboxProcess) -> None:
        self._inner = process.inbox

    async def post(self, postings: Sequence[Posting]) -> None:
        await self._inner.post(postings)
        await self._inner.settled()

    async def read(self, account: AccountId, after: int, limit: int) -> Slice:
        return await self._inner.read(account, after, limit)

    async def bounds(self, account: AccountId) -> Bounds:
        return await self._inner.bounds(account)

    async def heads(self, accounts: Sequence[AccountId]) -> tuple[int, list[int]]:
        return await self._inner.heads(accounts)

    def hold(self, account: AccountId) -> None:
        self._inner.hold(account)

    def release(self, account: AccountId) -> None:
        self._inner.release(account)

    def feed(self, handler: Callable[[Sequence[Arrival]], None]) -> None:
        self._inner.feed(handler)

    async def rewrite(self, account: AccountId, rewriting: Callable[[bytes], bytes]) -> int:
        return await self._inner.rewrite(account, rewriting)

    async def forget(self, account: AccountId) -> None:
        await self._inner.forget(account)

    async def trim(self, before_ms: int, limit: int) -> int:
        return await self._inner.trim(before_ms, limit)


class _SettledStore:
    """Commits whose postings are readable when the call returns; all else is the store's."""

    def __init__(self, process: InboxProcess) -> None:
        self._process = process

    async def commit(self, batch: Sequence[Commit]) -> None:
        for one in batch:  # each is of a log of its own here
            await self._process.publisher.commits([one])
        await self._process.inbox.settled()


class InboxStreamsHarness:
    """The inboxes of one process that posts and works. Its store posts and keeps nothing."""

    shares_writes: ClassVar[bool] = False
    now = 0

    def __init__(self, nats: str, hosts: tuple[str, ...], cassandra: CassandraServers) -> None:
        where = nats_at(nats), zookeeper_at(hosts), cassandra
        self._process = InboxProcess(*where, works=True)
        self._last = InboxProcess(*where, works=False)
        self._cassandra = cassandra
        self.inbox: Inbox
        self.store: MessageStore

    @property
    def fault(self) -> LosingStreams:
        return self._process.streams

    @property
    def marks(self) -> MarkStore:
        return self._process.stores.mark_store

    async def start(self) -> None:
        await self._process.start()
        self.inbox = SettledInbox(self._process)
        self.store = _SettledStore(self._process)  # type: ignore[assignment]

    async def stop(self) -> None:
        await self._process.stop()

    async def settled(self) -> None:
        await self._process.inbox.settled()

    async def remove(self) -> None:
        await self._last.start()
        await self._last.remove_streams()
        await self._last.stop()
        await emptied(self._cassandra)


async def emptied(servers: CassandraServers, *besides: str) -> None:
    """Empty what was written. besides: tables, of a test that writes to those of messages as well."""
    driver = await Driver.connect(servers)
    tables = [name for name in TABLES if name != "inbox_life"] + ["inbox", "inbox_state", "marks", "steps", *besides]
    for table in tables:
        await driver.define(f"TRUNCATE {servers.keyspace}.{table}")
    await driver.close()


def a_keyspace(port: int) -> CassandraServers:
    """One with all tables, and nothing in them."""
    servers = CassandraServers(hosts=("127.0.0.1",), port=port, keyspace=f"inboxes_{secrets.token_hex(6)}")
    asyncio.run(_make(servers))
    return servers


async def _make(servers: CassandraServers) -> None:
    await new_keyspace(servers)
    await make_stream_tables(servers, PARTITIONS)

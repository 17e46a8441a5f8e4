"""The adapters on NATS under the contract suites: where it takes two processes, there are two, with what each opens."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, ClassVar, cast
from urllib.parse import urlsplit

from tests.contract.postgres import PostgresHarness, empty

from chinwag.adapters.nats import NatsConnection, NatsLog, NatsServers
from chinwag.adapters.nats.announcer import Announcer
from chinwag.adapters.nats.inbox import NatsInbox
from chinwag.adapters.postgres import PostgresStores, open_stores
from chinwag.adapters.postgres.registry import PostgresRegistry, make_registry
from chinwag.domain.conversation import Position
from chinwag.ports.bus import new_node
from chinwag.ports.inbox import Inbox
from chinwag.ports.log import Log, Lost, Record, Submission
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import MessageStore
from chinwag.ports.registry import Node

PARTITIONS = 4
LEASE = 2.0


def nats_at(url: str, cluster: str = "") -> NatsServers:
    """The servers at `url`, which names who we are, for a cluster that nobody else is in unless it is named."""
    parts = urlsplit(url)
    return NatsServers(
        urls=(f"nats://{parts.hostname}:{parts.port}",),
        cluster=cluster or secrets.token_hex(8),
        user=parts.username or "",
        password=parts.password or "",
    )


class Owner:
    """A process that may own partitions of the log. database, servers: by whatever way it goes there."""

    def __init__(self, servers: NatsServers, database: str, clock: Callable[[], int]) -> None:
        self.node = new_node("delivery")
        self._servers = servers
        self._database = database
        self._clock = clock
        self.connection: NatsConnection
        self.stores: PostgresStores
        self.registry: PostgresRegistry
        self.log: NatsLog

    async def start(self) -> None:
        self.connection = await NatsConnection.open(self._servers, "owner")
        self.stores = await open_stores(self._database, connections=4, patience=2.0)
        self.registry = await PostgresRegistry.open(self._database, lease=LEASE)
        self.log = NatsLog(
            self.connection,
            self.registry,
            self.stores.partitions.count,
            node=self.node,
            claims=self.stores.partitions,
            clock=self._clock,
        )
        await self.registry.register(Node(self.node, ("delivery",)))

    async def stop(self) -> None:
        await self.log.close()
        await self.registry.close()
        await self.stores.close()
        await self.connection.close()


class Sender:
    """A process that appends to the log and owns none of it."""

    def __init__(self, servers: NatsServers, database: str, partitions: int = PARTITIONS) -> None:
        self._servers = servers
        self._database = database
        self._partitions = partitions
        self.connection: NatsConnection
        self.registry: PostgresRegistry
        self.log: NatsLog

    async def start(self) -> None:
        self.connection = await NatsConnection.open(self._servers, "sender")
        self.registry = await PostgresRegistry.open(self._database, lease=LEASE)
        self.log = NatsLog(self.connection, self.registry, self._partitions)

    async def settled(self) -> None:
        """Nothing is on its way any more."""
        for appender in self.log._appenders:
            if appender._task is not None:
                await appender._task

    async def stop(self) -> None:
        await self.log.close()
        await self.registry.close()
        await self.connection.close()


class _Across(Log):
    """What one process appends, another reads."""

    def __init__(self, sender: Log, owner: Log) -> None:
        self._sender = sender
        self._owner = owner

    @property
    def partitions(self) -> int:
        return self._sender.partitions

    @property
    def closed(self) -> bool:
        return self._sender.closed and self._owner.closed

    def append(self, submission: Submission) -> None:
        self._sender.append(submission)

    def on_lost(self, handler: Lost) -> None:
        self._sender.on_lost(handler)

    def held(self, partition: int) -> Iterable[Submission]:
        return self._sender.held(partition)

    def on_new_owner(self, handler: Callable[[int], None]) -> None:
        self._sender.on_new_owner(handler)

    def records(self, partition: int, after: Position) -> AsyncIterator[Sequence[Record]]:
        return self._owner.records(partition, after)

    def checkpoint(self, partition: int, position: Position) -> None:
        self._owner.checkpoint(partition, position)

    async def close(self) -> None:
        await self._sender.close()
        await self._owner.close()


def across(sender: Log, owner: Log) -> Log:
    """A log that one process appends to and another reads."""
    return _Across(sender, owner)


class NatsLogHarness:
    """A log that one process appends to and another reads."""

    turns_clock: ClassVar[bool] = True

    def __init__(self, servers: NatsServers, database: str) -> None:
        self.now = 1_800_000_000_000
        self._servers = servers
        self._database = database
        self._begun = False

    async def start(self) -> None:
        if not self._begun:
            self._begun = True
            await empty(self._database, PARTITIONS)
            await make_registry(self._database)
        self.owner = Owner(self._servers, self._database, lambda: self.now)
        self.sender = Sender(self._servers, self._database)
        await self.owner.start()
        await self.sender.start()
        self.log = across(self.sender.log, self.owner.log)

    async def stop(self) -> None:
        await self.sender.stop()
        await self.owner.stop()

    async def settled(self) -> None:
        await self.sender.settled()

    async def remove(self) -> None:
        """Nothing of it lasts."""


class _After:
    """A port, each call made once everybody knows what is held: until then it would be found in the inbox alone."""

    def __init__(self, port: object, known: Callable[[], Awaitable[None]]) -> None:
        self._port = port
        self._known = known

    def __getattr__(self, name: str) -> Any:
        async def call(*values: object) -> Any:
            await self._known()
            return await getattr(self._port, name)(*values)

        return call


class _InboxAcross:
    """What one process posts, another reads and is told of."""

    def __init__(self, posting: Inbox, gateway: NatsInbox) -> None:
        self.post = posting.post
        self.trim = posting.trim
        self.read = gateway.read
        self.bounds = gateway.bounds
        self.heads = gateway.heads
        self.hold = gateway.hold
        self.release = gateway.release
        self.feed = gateway.feed
        self.rewrite = posting.rewrite
        self.forget = posting.forget


class NatsStores(PostgresHarness):
    """The stores of one process that announces to another, which is the gateway."""

    def __init__(self, servers: NatsServers, database: str) -> None:
        super().__init__(database)
        self._servers = servers

    async def start(self) -> None:
        await super().start()
        self._here = await NatsConnection.open(self._servers, "posting")
        self.announcer = Announcer(self._here, self.open.arrivals.on_posted)
        self._there = await NatsConnection.open(self._servers, "gateway")
        self._gateway_stores = await open_stores(self.database, connections=4)
        self.gateway = NatsInbox(self._there, self._gateway_stores.inbox)
        await self.known()

    async def stop(self) -> None:
        await self.gateway.close()
        await self.announcer.close()
        await self._gateway_stores.close()
        await super().stop()
        await self._there.close()
        await self._here.close()

    async def known(self) -> None:
        """Whoever posts knows what is held."""
        async with asyncio.timeout(30):
            while self.announcer.id not in self.gateway.holds.senders or not self.gateway.up_to_date:  # noqa: ASYNC110
                await asyncio.sleep(0.002)

    @property
    def store(self) -> MessageStore:
        return cast("MessageStore", _After(super().store, self.known))

    @property
    def marks(self) -> MarkStore:
        return cast("MarkStore", _After(super().marks, self.known))

    @property
    def inbox(self) -> Inbox:
        posting = cast("Inbox", _After(super().inbox, self.known))
        return cast("Inbox", _InboxAcross(posting, self.gateway))

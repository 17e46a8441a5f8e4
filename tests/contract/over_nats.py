"""The adapters on NATS under the contract suites: where it takes two processes, there are two, with what each opens."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from urllib.parse import urlsplit

from tests.contract.postgres import empty

from chinwag.adapters.nats import NatsConnection, NatsLog, NatsServers
from chinwag.adapters.postgres import PostgresStores, open_stores
from chinwag.adapters.postgres.registry import PostgresRegistry, make_registry
from chinwag.domain.conversation import Position
from chinwag.ports.bus import new_node
from chinwag.ports.log import Log, Record, Submission
from chinwag.ports.registry import Node

PARTITIONS = 4
LEASE = 2.0


def nats_at(url: str) -> NatsServers:
    """The servers at `url`, which names who we are, for a cluster that nobody else is in."""
    parts = urlsplit(url)
    return NatsServers(
        urls=(f"nats://{parts.hostname}:{parts.port}",),
        cluster=secrets.token_hex(8),
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

    def __init__(self, servers: NatsServers, database: str) -> None:
        self._servers = servers
        self._database = database
        self.connection: NatsConnection
        self.registry: PostgresRegistry
        self.log: NatsLog

    async def start(self) -> None:
        self.connection = await NatsConnection.open(self._servers, "sender")
        self.registry = await PostgresRegistry.open(self._database, lease=LEASE)
        self.log = NatsLog(self.connection, self.registry, PARTITIONS)

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

    def __init__(self, sender: NatsLog, owner: NatsLog) -> None:
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

    def on_lost(self, handler: Callable[[Submission], None]) -> None:
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


class NatsLogHarness:
    """A log that one process appends to and another reads."""

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
        self.log = _Across(self.sender.log, self.owner.log)

    async def stop(self) -> None:
        await self.sender.stop()
        await self.owner.stop()

    async def settled(self) -> None:
        await self.sender.settled()

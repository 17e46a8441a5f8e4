"""The log on JetStream under the contract suites: one process appends, and another one owns the partitions."""

import asyncio
import contextlib
import time
from typing import ClassVar

from tests.contract.over_nats import PARTITIONS, across
from tests.contract.over_zookeeper import zookeeper_at

from chinwag.adapters.embedded.registry import EmbeddedRegistry
from chinwag.adapters.nats import NatsConnection, NatsServers
from chinwag.adapters.nats.stream_epochs import Applied
from chinwag.adapters.nats.stream_log import StreamLog
from chinwag.adapters.nats.streams import Streams, StreamSettings
from chinwag.adapters.zookeeper import Epochs, ZooKeeperConnection, ZooKeeperServers
from chinwag.adapters.zookeeper.registry import make_registry
from chinwag.domain.conversation import START, Position
from chinwag.ports.bus import new_node
from chinwag.ports.registry import Node

MOST = 64 << 20
"""Bytes of a stream: what one process may have under way, and as much again."""


SETTINGS = StreamSettings(replicas=1, most=MOST)


async def nothing_applied(_: int) -> Position:
    """Of a store that has seen no record."""
    return START


class LogProcess:
    """A process with a log on JetStream. works: whether it owns all partitions."""

    def __init__(
        self,
        servers: NatsServers,
        zookeeper: ZooKeeperServers,
        *,
        works: bool,
        partitions: int = PARTITIONS,
        applied: Applied = nothing_applied,
        settings: StreamSettings = SETTINGS,
    ) -> None:
        self._servers = servers
        self._zookeeper = zookeeper
        self._works = works
        self._partitions = partitions
        self._applied = applied
        self._settings = settings
        self.connection: NatsConnection
        self.zookeeper: ZooKeeperConnection
        self.streams: Streams
        self.epochs: Epochs
        self.log: StreamLog

    async def start(self) -> None:
        self.connection = await NatsConnection.open(self._servers, "contract")
        self.zookeeper = await ZooKeeperConnection.open(self._zookeeper)
        await make_registry(self.zookeeper)
        self.epochs = Epochs(self.zookeeper, "log")
        await self.epochs.make()
        self.streams = Streams(self.connection, self._settings)
        registry = EmbeddedRegistry()
        node = new_node("delivery") if self._works else None
        if node is not None:
            await registry.register(Node(node, ("delivery",)))
        self.log = StreamLog(
            self.connection, self.streams, self.epochs, registry, self._partitions, applied=self._applied, node=node
        )

    async def settled(self) -> None:
        """Nothing is on its way any more."""
        for appender in self.log._appenders:
            if appender._task is not None:
                await appender._task

    async def remove(self) -> None:
        """Take away what it has made."""
        with contextlib.suppress(Exception):
            for partition in range(self._partitions):
                for epoch in await self.streams.epochs(partition):
                    await self.streams.delete(partition, epoch)

    async def stop(self) -> None:
        await self.log.close()
        await self.connection.close()
        await self.zookeeper.close()


class StreamLogHarness:
    """A log that one process appends to and another reads. Its clock is the servers', which is this machine's."""

    turns_clock: ClassVar[bool] = False

    def __init__(self, servers: NatsServers, hosts: tuple[str, ...]) -> None:
        self._servers = servers
        self._zookeeper = zookeeper_at(hosts)

    @property
    def now(self) -> int:
        return int(time.time() * 1000)

    @now.setter
    def now(self, _: int) -> None:
        raise NotImplementedError

    async def start(self) -> None:
        self.owner = LogProcess(self._servers, self._zookeeper, works=True)
        self.sender = LogProcess(self._servers, self._zookeeper, works=False)
        await asyncio.gather(self.owner.start(), self.sender.start())
        self.log = across(self.sender.log, self.owner.log)

    async def stop(self) -> None:
        await asyncio.gather(self.sender.stop(), self.owner.stop())

    async def settled(self) -> None:
        await self.sender.settled()

    async def remove(self) -> None:
        """Take away what the servers keep of it."""
        last = LogProcess(self._servers, self._zookeeper, works=False)
        await last.start()
        await last.remove()
        await last.stop()

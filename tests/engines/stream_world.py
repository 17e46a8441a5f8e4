"""A log on JetStream under faults: processes that append to its one partition, and processes that read it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from prove.faults.proxy import Proxy
from tests.contract.harness import ANN, PAIR
from tests.contract.over_jetstream import SETTINGS, LogProcess, nothing_applied
from tests.contract.over_nats import nats_at
from tests.contract.over_zookeeper import zookeeper_at

from chinwag.adapters.nats.stream_epochs import Applied
from chinwag.adapters.nats.streams import StreamSettings
from chinwag.domain.body import Text
from chinwag.domain.command import Command, Send
from chinwag.domain.conversation import START, Position
from chinwag.domain.ids import ClientId, DeviceId
from chinwag.domain.refusal import Code
from chinwag.ports.bus import NodeId
from chinwag.ports.log import Record, Submission

BOUND: Final = 60.0
"""Seconds after which whatever is waited for will never be."""


def submission(ref: int, text: str = "hello") -> Submission:
    """A send in the direct conversation of Ann and Ben, which may begin it."""
    at = int(time.time() * 1000)
    command = Command(PAIR, ANN, DeviceId("d"), ClientId(str(ref)), at, Send(Text(text)), opening=True)
    return Submission(command, NodeId("n"), ref)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Look again and again until it holds."""
    async with asyncio.timeout(BOUND):
        while not await holds():  # noqa: ASYNC110 - an engine tells of nothing
            await asyncio.sleep(0.02)


class Reading:
    """All that a worker reads of the one partition. checkpoints: whether it says of each that it is applied. holes:
    whether records are set aside as a whole."""

    def __init__(self, process: LogProcess, checkpoints: bool = False, holes: bool = False) -> None:
        self.records: list[Record] = []
        self.iterations = 0
        self._process = process
        self._checkpoints = checkpoints
        self._holes = holes
        self._more = asyncio.Event()
        self._task = asyncio.create_task(self._read())

    @property
    def refs(self) -> list[int]:
        return [record.submission.ref for record in self.records]

    @property
    def epochs(self) -> list[int]:
        """The epochs in which something was read, in order."""
        return sorted({record.position.epoch for record in self.records})

    async def _read(self) -> None:
        log = self._process.log
        while not log.closed:
            self.iterations += 1
            last = self.records[-1].position if self.records else START
            first = True
            async for records in log.records(0, last):
                for record in records:
                    assert record.position > last, "nothing comes twice"
                    assert first or self._holes or _follows(last, record.position), "no hole within an iteration"
                    last, first = record.position, False
                self.records += records
                self._more.set()
                if self._checkpoints:
                    log.checkpoint(0, last)

    async def until(self, ref: int) -> None:
        async with asyncio.timeout(BOUND):
            while ref not in self.refs:
                self._more.clear()
                more = asyncio.ensure_future(self._more.wait())
                await asyncio.wait([more, self._task], return_when=asyncio.FIRST_COMPLETED)
                more.cancel()
                if self._task.done():
                    await self._task  # what went wrong

    async def stop(self) -> None:
        await self._process.log.close()
        async with asyncio.timeout(BOUND):
            await self._task


def _follows(last: Position, position: Position) -> bool:
    if position.sequence == last.sequence:
        return position.part == last.part + 1
    return position.sequence == last.sequence + 1 and position.part == 0


class World:
    """Made by `a_world`. cluster: of both engines; it is nobody else's."""

    def __init__(self, nats: str, hosts: tuple[str, ...], relay: Proxy, settings: StreamSettings) -> None:
        self.relay = relay
        self.lost: list[tuple[int, Code]] = []
        self.moved: list[int] = []
        self._nats = nats_at(nats)
        self._relayed = msgspec.structs.replace(self._nats, urls=(f"nats://127.0.0.1:{relay.port}",))
        self.hosts = hosts
        self._zookeeper = zookeeper_at(hosts, self._nats.cluster)
        self._settings = settings
        self.sender: LogProcess
        self._processes: list[LogProcess] = []
        self._readings: list[Reading] = []

    async def process(
        self,
        *,
        works: bool,
        relayed: bool = False,
        applied: Applied = nothing_applied,
        other_counters: bool = False,
        urls: tuple[str, ...] = (),
    ) -> LogProcess:
        """One more. relayed: it goes to NATS by way of the proxy."""
        servers = self._relayed if relayed else self._nats
        if urls:
            servers = msgspec.structs.replace(servers, urls=urls)
        zookeeper = zookeeper_at(self.hosts) if other_counters else self._zookeeper
        made = LogProcess(servers, zookeeper, works=works, partitions=1, applied=applied, settings=self._settings)
        await made.start()
        self._processes.append(made)
        return made

    async def reading(self, *, checkpoints: bool = False, relayed: bool = False) -> Reading:
        """One more worker, at work."""
        return self.read_by(await self.process(works=True, relayed=relayed), checkpoints=checkpoints)

    def read_by(self, process: LogProcess, *, checkpoints: bool = False, holes: bool = False) -> Reading:
        """Let a process work."""
        made = Reading(process, checkpoints, holes)
        self._readings.append(made)
        return made

    def append(self, first: int, last: int, text: str = "hello") -> None:
        for ref in range(first, last + 1):
            self.sender.log.append(submission(ref, text))

    async def begin(self) -> None:
        self.sender = await self.process(works=False, relayed=True)
        self.sender.log.on_lost(lambda one, code: self.lost.append((one.ref, code)))
        self.sender.log.on_new_owner(self.moved.append)

    async def end(self) -> None:
        async with asyncio.timeout(BOUND):
            for reading in self._readings:
                await reading.stop()
            await self._processes[-1].remove()
            for process in self._processes:
                await process.stop()


@asynccontextmanager
async def a_world(
    nats: str, port: int, hosts: tuple[str, ...], settings: StreamSettings = SETTINGS
) -> AsyncIterator[World]:
    """A process that appends, by way of a proxy before the NATS server at `port`; gone afterwards."""
    async with Proxy("127.0.0.1", port).serving() as relay:
        world = World(nats, hosts, relay, settings)
        await world.begin()
        yield world
        await world.end()


async def until_appended(world: World) -> None:
    """Nothing is on its way any more."""
    async with asyncio.timeout(BOUND):
        await world.sender.settled()

"""A cluster with one inbox partition for each test, and what several files of tests ask of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from tests.contract.harness import ANN, PAIR
from tests.contract.over_inbox_streams import SETTINGS, InboxProcess
from tests.contract.over_nats import nats_at
from tests.contract.over_zookeeper import zookeeper_at
from tests.support.own_nats import OwnNats
from tests.support.own_zookeeper import OwnEnsemble

from chinwag.adapters.cassandra import CassandraServers
from chinwag.adapters.inboxes.worker import InboxWorker
from chinwag.domain.ids import AccountId
from chinwag.ports.inbox import Inline, Posting, Run

BOUND: Final = 60.0
"""Seconds after which whatever is waited for will never be."""


class InboxWorld:
    """Processes of one cluster, with one inbox partition."""

    def __init__(self, nats: OwnNats, zookeeper: OwnEnsemble, cassandra: CassandraServers) -> None:
        self._servers = nats_at(nats.url)
        self._zookeeper = zookeeper_at(zookeeper.hosts, self._servers.cluster)
        self._cassandra = cassandra
        self.settings = SETTINGS
        self.processes: list[InboxProcess] = []

    async def process(self, *, works: bool, patience: float = 10.0) -> InboxProcess:
        made = InboxProcess(
            self._servers,
            self._zookeeper,
            self._cassandra,
            works=works,
            partitions=1,
            sources=1,
            settings=self.settings,
            patience=patience,
        )
        await made.start()
        self.processes.append(made)
        return made

    def lose_counters(self) -> None:
        """Who comes from now on finds none."""
        self._zookeeper = msgspec.structs.replace(self._zookeeper, cluster=f"{self._zookeeper.cluster}-anew")

    async def end(self, process: InboxProcess) -> None:
        self.processes.remove(process)
        await process.stop()

    async def close(self) -> None:
        if self.processes:
            await self.processes[-1].remove_streams()
        for process in list(self.processes):
            await self.end(process)


def worker_of(process: InboxProcess) -> InboxWorker:
    assert process.workers is not None
    return process.workers.workers[0]


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(BOUND):
        while not await holds():  # noqa: ASYNC110 - an engine tells of nothing
            await asyncio.sleep(0.02)


async def happened(event: asyncio.Event) -> None:
    async with asyncio.timeout(BOUND):
        await event.wait()


async def entries(process: InboxProcess, account: AccountId = ANN) -> list[str]:
    """The whole inbox, checked to be dense."""
    found: list[str] = []
    page = await process.inbox.read(account, 0, 10_000)
    for entry in page.entries:
        assert entry.position == len(found) + 1
        if isinstance(entry, Inline):
            found.append(entry.event.decode())
        else:
            assert isinstance(entry, Run)
            found += [f"{entry.conversation}#{entry.first + step}" for step in range(entry.count)]
    assert page.bounds.head == len(found)
    return found


def pair(first: int, last: int) -> list[str]:
    return [f"{PAIR}#{number}" for number in range(first, last + 1)]


def texts(*words: str) -> list[Posting]:
    return [Posting(ANN, word.encode()) for word in words]


async def settled(process: InboxProcess) -> bool:
    await process.inbox.settled()
    return True


async def is_there(process: InboxProcess, wanted: list[str]) -> bool:
    return await entries(process) == wanted

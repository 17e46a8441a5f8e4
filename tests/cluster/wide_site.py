"""Three nodes of each engine of the cassandra profile and four processes on them, for tests that take some away."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, Protocol

from prove.faults.pause import cont
from prove.process import ServerProcess
from tests.support.clusters import Cluster, new_cluster
from tests.support.device import Device, texts
from tests.support.keeper import Urls
from tests.support.own_cassandra import own_cassandra
from tests.support.own_nats import own_nats_with_streams
from tests.support.own_zookeeper import own_zookeeper
from tests.support.people import log_in_device, sign_up
from tests.support.places import Sockets
from tests.support.serving import becomes, serving

from chinwag.domain.ids import ClientId
from chinwag.engines import Place
from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import Text, direct_id

PEOPLE: Final = "gateway,api,presence,housekeeping,push"
LEAST: Final = str(64 << 20)
"""What one stream may hold."""
PATIENCE: Final = 120.0
Prepare = Callable[[str, int, Place, Path], None]


class Standing(Protocol):
    """What may stand still for a while: a node of an engine."""

    def pause(self) -> None:
        """Let it stand still until `go_on`."""
        ...

    def go_on(self) -> None:
        """Let it run on."""
        ...


class Frozen:
    """A process of ours, as such a thing."""

    def __init__(self, process: ServerProcess) -> None:
        self._process = process

    def pause(self) -> None:
        """SIGSTOP."""
        self._process.freeze()

    def go_on(self) -> None:
        """SIGCONT."""
        cont(self._process)


class WideNodes:
    """The engines' nodes, PostgreSQL aside, which is the run's own."""

    def __init__(self, held: ExitStack, count: int, prepare: Prepare) -> None:
        def of(kind: str) -> Callable[[int, Place, Path], None]:
            return lambda number, place, folder: prepare(kind, number, place, folder)

        self.cassandra = held.enter_context(own_cassandra(count, prepare=of("Cassandra")))
        self.nats = held.enter_context(own_nats_with_streams(count, most=8 << 30, prepare=of("NATS")))
        self.ensemble = held.enter_context(own_zookeeper(count, prepare=of("ZooKeeper")))
        self.zookeeper = self.ensemble.servers
        if count > 1:
            for node in self.cassandra:
                node.find_others()

    def environment(self) -> dict[str, str]:
        """The settings that lead there, with as many copies of everything as there are nodes."""
        return {
            "CHINWAG_STORE_PROFILE": "cassandra",
            "CHINWAG_CASSANDRA_HOSTS": ",".join(node.host for node in self.cassandra),
            "CHINWAG_CASSANDRA_PORT": str(self.cassandra[0].port),
            "CHINWAG_CASSANDRA_KEYSPACE": f"wide_{secrets.token_hex(6)}",
            "CHINWAG_CASSANDRA_REPLICAS": str(len(self.cassandra)),
            "CHINWAG_NATS_URLS": ",".join(f"nats://127.0.0.1:{node.port}" for node in self.nats),
            "CHINWAG_ZOOKEEPER_HOSTS": ",".join(self.ensemble.hosts),
            "CHINWAG_STREAMS_REPLICAS": str(len(self.nats)),
            "CHINWAG_STREAMS_MONITOR_URLS": ",".join(node.monitor for node in self.nats),
            "CHINWAG_STREAMS_LOG_BYTES": LEAST,
            "CHINWAG_STREAMS_INBOX_BYTES": LEAST,
            "CHINWAG_ACCOUNTS_SIGN_UPS_PER_ADDRESS": "1000",
        }


def as_it_comes(_kind: str, _number: int, _place: Place, _folder: Path) -> None:
    """No preparation."""


@contextmanager
def wide_nodes(count: int = 3, prepare: Prepare = as_it_comes) -> Iterator[WideNodes]:
    """So many of each, gone afterwards. prepare: given the name of the engine, the number of a node, and the folder to
    which it will write, before it starts."""
    with ExitStack() as held:
        yield WideNodes(held, count, prepare)


class WideSite:
    """A cluster on them. people, delivery: its processes, two of each."""

    def __init__(self, nodes: WideNodes, cluster: Cluster, processes: Sequence[ServerProcess]) -> None:
        self.nodes = nodes
        self.cluster = cluster
        self.people = processes[:2]
        self.delivery = processes[2:]

    @property
    def processes(self) -> list[ServerProcess]:
        """All of them."""
        return [*self.delivery, *self.people]

    async def all_ready(self) -> None:
        """Wait until each process says that it is ready."""
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(becomes(one, True) for one in self.processes))

    @asynccontextmanager
    async def pair(self) -> AsyncIterator[tuple[Device, Device]]:
        """Two people, each at another process, connected."""
        async with AsyncExitStack() as leaving:
            devices = []
            for process in self.people:
                place, name = Sockets(process, several=True, posted_later=True), f"p{secrets.token_hex(4)}"
                leaving.push_async_callback(place.close)
                await sign_up(place, name)
                device = await log_in_device(place, name)
                leaving.push_async_callback(device.close)
                await device.connect()
                devices.append(device)
            yield devices[0], devices[1]


@asynccontextmanager
async def wide_site(nodes: WideNodes, folder: Path, engine_urls: Urls) -> AsyncIterator[WideSite]:
    """A new cluster there, at work."""
    async with new_cluster(folder, Urls(engine_urls.postgres, nodes.nats[0].url)) as cluster, AsyncExitStack() as held:
        cluster.environment |= nodes.environment()
        await cluster.init()
        named = [("delivery-1", "delivery"), ("delivery-2", "delivery"), ("people-1", PEOPLE), ("people-2", PEOPLE)]
        delivery = [await held.enter_async_context(serving(cluster, name, "--role", role)) for name, role in named[:2]]
        people = [await held.enter_async_context(serving(cluster, name, "--role", role)) for name, role in named[2:]]
        yield WideSite(nodes, cluster, [*people, *delivery])


async def said(sender: Device, reader: Device, words: str) -> Ack:
    """One says something to another, again and again while it is refused as something that passes, and it arrives."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if not sender.online:
                await sender.connect()
            if not sender.online:
                await asyncio.sleep(0.2)
                continue
            answer = await sender.ask(Send(ClientId(words), Text(words), to=reader.account))
            if isinstance(answer, Ack):
                break
            assert answer.retryable, answer
            await asyncio.sleep(0.2)
        while words not in texts(reader):
            if not reader.online:
                await reader.connect()
            await asyncio.sleep(0.1)
    return answer


async def unavailable(device: Device, other: Device, words: str) -> float:
    """Ask by HTTP for this to be sent until that is refused, as something that passes; how long the slowest took."""
    body, path = {"body": {"type": "text", "text": words}}, direct_id(device.account, other.account)
    slowest = 0.0
    async with asyncio.timeout(PATIENCE):
        while True:
            began = time.monotonic()
            answer = await device.place.request(
                "POST", f"/v1/conversations/{path}/messages", token=device.token, json=body, key=words
            )
            slowest = max(slowest, time.monotonic() - began)
            if answer.status_code >= 300:
                assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), answer.text
                return slowest


@contextmanager
def standing_still(some: Sequence[Standing]) -> Iterator[None]:
    """They do inside the block."""
    for one in some:
        one.pause()
    try:
        yield
    finally:
        for one in some:
            one.go_on()

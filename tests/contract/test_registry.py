"""The contract of the `Registry` port, over every adapter."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec
import pytest
from tests.contract.over_zookeeper import a_registry, zookeeper_at
from tests.support.engines import empty_database, folder_of, urls

from chinwag.adapters.embedded.registry import EmbeddedRegistry
from chinwag.adapters.postgres.registry import PostgresRegistry, make_registry
from chinwag.domain.ids import WORKERS
from chinwag.ports.bus import NodeId
from chinwag.ports.registry import PRESENCE, Duty, Node, Registry, job_duty, log_duty

GATEWAY = Node(NodeId("g1"), ("gateway",), url="ws://one", capacity=10)
API = Node(NodeId("a1"), ("api", "push"))


@pytest.fixture(params=["embedded", "postgres", "zookeeper"])
async def registry(request: pytest.FixtureRequest) -> AsyncIterator[Registry]:
    """One adapter of the Registry."""
    if request.param == "embedded":
        yield EmbeddedRegistry()
        return
    if request.param == "zookeeper":
        async with a_registry(zookeeper_at(request.getfixturevalue("zookeeper").hosts)) as (opened, _):
            yield opened
        return
    async with empty_database(urls(folder_of(request.config)).postgres) as url:
        await make_registry(url)
        leased = await PostgresRegistry.open(url, lease=10.0)
        yield leased
        await leased.close()


class Watcher:
    """What is told of the nodes."""

    def __init__(self) -> None:
        self.told: list[list[Node]] = []
        self._more = asyncio.Event()

    def __call__(self, nodes: Sequence[Node]) -> None:
        self.told.append(list(nodes))
        self._more.set()

    async def until(self, enough: Callable[[list[Node]], bool]) -> None:
        """Wait until the last that was told is enough."""
        async with asyncio.timeout(90):
            while not self.told or not enough(self.told[-1]):
                self._more.clear()
                await self._more.wait()


async def test_nodes_are_found_by_role_with_their_latest_figures(registry: Registry) -> None:
    await registry.register(GATEWAY)
    await registry.register(API)
    assert list(await registry.nodes("gateway")) == [GATEWAY]
    assert list(await registry.nodes("push")) == [API]
    assert list(await registry.nodes("presence")) == []
    busier = msgspec.structs.replace(GATEWAY, sessions=5)
    await registry.register(busier)
    assert list(await registry.nodes("gateway")) == [busier]


async def test_who_withdraws_is_gone(registry: Registry) -> None:
    await registry.register(GATEWAY)
    await registry.register(API)
    await registry.withdraw(GATEWAY.id)
    await registry.withdraw(GATEWAY.id)
    assert list(await registry.nodes("gateway")) == []
    assert list(await registry.nodes("api")) == [API]


async def test_a_worker_number_is_held_once(registry: Registry) -> None:
    workers = [(await registry.lease_worker())() for _ in range(5)]
    assert len(set(workers)) == 5
    assert all(0 <= worker < WORKERS for worker in workers)


async def test_who_watches_is_told_of_all_that_come_go_and_drain_and_not_of_figures(registry: Registry) -> None:
    await registry.register(API)
    watcher = Watcher()
    registry.watch(watcher)
    await watcher.until(lambda nodes: nodes == [API])
    await registry.register(GATEWAY)
    await watcher.until(lambda nodes: [node.id for node in nodes] == ["a1", "g1"])
    told = len(watcher.told)
    await registry.register(msgspec.structs.replace(GATEWAY, sessions=9))
    await registry.register(msgspec.structs.replace(GATEWAY, sessions=9, draining=True))
    await watcher.until(lambda nodes: any(node.draining for node in nodes))
    assert len(watcher.told) == told + 1
    await registry.withdraw(API.id)
    await watcher.until(lambda nodes: [node.id for node in nodes] == ["g1"])


class Owned:
    """What is told of the parts that a node owns."""

    def __init__(self) -> None:
        self.told: list[frozenset[int]] = []
        self._more = asyncio.Event()

    def __call__(self, parts: frozenset[int]) -> None:
        self.told.append(parts)
        self._more.set()

    async def until(self, parts: frozenset[int]) -> None:
        await self.until_there_are(lambda told: told == parts)

    async def until_there_are(self, enough: Callable[[frozenset[int]], bool]) -> frozenset[int]:
        """Wait until the last that was told is enough; returns it."""
        async with asyncio.timeout(30):
            while not self.told or not enough(self.told[-1]):
                self._more.clear()
                await self._more.wait()
        return self.told[-1]


LOG = log_duty(64)
ONE, TWO = Node(NodeId("d1"), ("delivery", "presence")), Node(NodeId("d2"), ("delivery",))
ALL = frozenset(range(64))


async def test_the_only_node_of_a_role_owns_every_part(registry: Registry) -> None:
    await registry.register(GATEWAY)
    await registry.register(ONE)
    owned = Owned()
    registry.watch_owned(LOG, ONE.id, owned)
    await owned.until(ALL)
    assert registry.owned(LOG, ONE.id) == ALL
    assert {registry.owner(LOG, part) for part in range(64)} == {ONE.id}
    assert registry.owned(LOG, GATEWAY.id) == frozenset()
    assert registry.owned(PRESENCE, ONE.id) == frozenset(range(16))
    assert registry.owner(job_duty("relay"), 0) is None, "nobody has that role"


async def test_nodes_of_a_role_share_its_parts_and_are_told_of_each_change(registry: Registry) -> None:
    await registry.register(ONE)
    first, second = Owned(), Owned()
    registry.watch_owned(LOG, ONE.id, first)
    registry.watch_owned(LOG, TWO.id, second)
    await first.until(ALL)
    await registry.register(TWO)
    share = ALL - await second.until_there_are(bool)
    assert 0 < len(share) < 64
    assert registry.owned(LOG, ONE.id) == share
    await first.until(share)
    await second.until(ALL - share)
    assert [registry.owner(LOG, part) for part in range(64)] == [
        ONE.id if part in share else TWO.id for part in range(64)
    ]
    # Who drains keeps nothing, and who goes leaves all to the others.
    await registry.register(msgspec.structs.replace(TWO, draining=True))
    await first.until(ALL)
    await second.until(frozenset())
    await registry.register(msgspec.structs.replace(ONE, draining=True))
    await first.until(share)
    await registry.withdraw(ONE.id)
    await second.until(ALL)
    await first.until(frozenset())


async def test_who_watches_what_it_owns_no_longer_is_not_told(registry: Registry) -> None:
    gone, stays = Owned(), Owned()
    stop = registry.watch_owned(LOG, ONE.id, gone)
    stop()
    stop()
    await registry.register(ONE)
    registry.watch_owned(LOG, ONE.id, stays)
    await stays.until(ALL)
    assert gone.told == []


async def test_a_handler_that_raises_keeps_nobody_from_hearing_of_it(registry: Registry) -> None:
    def broken(_: frozenset[int]) -> None:
        raise ValueError("broken on purpose")

    await registry.register(ONE)
    owned = Owned()
    registry.watch_owned(LOG, ONE.id, broken)
    registry.watch_owned(Duty("other", "delivery"), ONE.id, owned)
    await owned.until(frozenset({0}))

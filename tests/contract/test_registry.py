"""The contract of the `Registry` port, over every adapter."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec
import pytest
from tests.support.engines import empty_database, folder_of, urls

from chinwag.adapters.embedded.registry import EmbeddedRegistry
from chinwag.adapters.postgres.registry import PostgresRegistry, make_registry
from chinwag.domain.ids import WORKERS
from chinwag.ports.bus import NodeId
from chinwag.ports.registry import Node, Registry

GATEWAY = Node(NodeId("g1"), ("gateway",), url="ws://one", capacity=10)
API = Node(NodeId("a1"), ("api", "push"))


@pytest.fixture(params=["embedded", "postgres"])
async def registry(request: pytest.FixtureRequest) -> AsyncIterator[Registry]:
    """One adapter of the Registry."""
    if request.param == "embedded":
        yield EmbeddedRegistry()
        return
    async with empty_database(urls(folder_of(request.config)).postgres) as url:
        await make_registry(url)
        opened = await PostgresRegistry.open(url, lease=10.0)
        yield opened
        await opened.close()


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

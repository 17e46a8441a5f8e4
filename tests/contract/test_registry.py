"""The contract of the `Registry` port, over every adapter."""

import msgspec
from tests.contract.harness import Harness

from chinwag.domain.ids import WORKERS
from chinwag.ports.bus import NodeId
from chinwag.ports.registry import Node

GATEWAY = Node(NodeId("g1"), ("gateway",), url="ws://one", capacity=10)
API = Node(NodeId("a1"), ("api", "push"))


async def test_nodes_are_found_by_role_with_their_latest_figures(ports: Harness) -> None:
    await ports.registry.register(GATEWAY)
    await ports.registry.register(API)
    assert list(await ports.registry.nodes("gateway")) == [GATEWAY]
    assert list(await ports.registry.nodes("push")) == [API]
    assert list(await ports.registry.nodes("presence")) == []
    busier = msgspec.structs.replace(GATEWAY, sessions=5)
    await ports.registry.register(busier)
    assert list(await ports.registry.nodes("gateway")) == [busier]


async def test_who_withdraws_is_gone(ports: Harness) -> None:
    await ports.registry.register(GATEWAY)
    await ports.registry.register(API)
    await ports.registry.withdraw(GATEWAY.id)
    await ports.registry.withdraw(GATEWAY.id)
    assert list(await ports.registry.nodes("gateway")) == []
    await ports.registry.close()
    assert list(await ports.registry.nodes("api")) == []


async def test_a_worker_number_is_held_once(ports: Harness) -> None:
    workers = [await ports.registry.lease_worker() for _ in range(5)]
    assert len(set(workers)) == 5
    assert all(0 <= worker < WORKERS for worker in workers)

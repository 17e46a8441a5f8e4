"""A node of Cassandra more, one that is lost and taken out, and a repair, while people chat: what docs/cluster.md tells
an operator to do, done."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from tests.cluster.kills import chatting
from tests.cluster.wide_site import PATIENCE, WideNodes, WideSite, said, wide_nodes, wide_site
from tests.support.held import load
from tests.support.keeper import Urls
from tests.support.own_cassandra import OwnCassandra, one_more

pytestmark = [pytest.mark.cluster_prove, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def nodes() -> Iterator[WideNodes]:
    """Of this file."""
    with wide_nodes() as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(
    nodes: WideNodes, tmp_path_factory: pytest.TempPathFactory, engine_urls: Urls
) -> AsyncIterator[WideSite]:
    """Of this file."""
    async with wide_site(nodes, tmp_path_factory.mktemp("nodes"), engine_urls) as made:
        yield made


async def test_a_node_more_and_one_less_lose_nothing_while_people_chat(site: WideSite) -> None:
    await site.all_ready()
    first, second, third = site.nodes.cassandra
    keyspace = site.cluster.environment["CHINWAG_CASSANDRA_KEYSPACE"]
    async with site.pair() as (anna, ben):
        await said(anna, ben, "of-before")
        fourth = one_more(site.nodes.cassandra)
        try:
            async with chatting([one.url for one in site.people], 2) as crowd:
                print(f"nothing: the longest from send to ack {await crowd.while_(nothing):.1f} s")

                async def joins() -> None:
                    await asyncio.to_thread(fourth.begin)
                    await until_state(first, fourth.host, "UN")
                    for node in (first, second, third):
                        await asyncio.to_thread(node.engine.tool, "cleanup", keyspace)

                print(f"a node more: {await crowd.while_(joins):.1f} s")

                async def goes() -> None:
                    await asyncio.to_thread(second.kill)
                    await until_state(first, second.host, "DN")
                    name = (await state_of(first, second.host))[-2]
                    await asyncio.to_thread(first.engine.tool, "removenode", name)
                    for node in (first, third, fourth):
                        await asyncio.to_thread(node.engine.tool, "repair", "--full", keyspace)

                print(f"one less, and a repair: {await crowd.while_(goes):.1f} s")
                await crowd.more()
            assert await state_of(first, second.host) == []
            # Whoever of those that are left stands still, the other two have all.
            await said(anna, ben, "of-after")
            for away in (first, third, fourth):
                away.pause()
                try:
                    for device in (anna, ben):
                        loaded = await load(device.place, device.account, device.token)
                        [events] = loaded.events.values()
                        assert len(events) == 2
                finally:
                    away.go_on()
            # A process that starts knows of the lost node by its settings, and not of the new one.
            await site.delivery[0].kill()
            await site.delivery[0].start()
            await said(anna, ben, "to-a-new-process")
            await site.all_ready()
        finally:
            await asyncio.to_thread(fourth.kill)


async def nothing() -> None:
    """No harm."""


async def state_of(asked: OwnCassandra, host: str) -> list[str]:
    """What nodetool's table says of the node at `host`; empty if it is not in the ring."""
    said_ = await asyncio.to_thread(asked.engine.tool, "status")
    return next((words for line in said_.splitlines() if host in (words := line.split())), [])


async def until_state(asked: OwnCassandra, host: str, state: str) -> None:
    """Wait until it says so."""
    async with asyncio.timeout(PATIENCE):
        while (await state_of(asked, host))[:1] != [state]:
            pass

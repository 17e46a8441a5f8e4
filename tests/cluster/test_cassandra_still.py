"""Each engine of the cassandra profile as a whole stands still for a while under people who chat, one node of each:
nothing is lost, and all goes on without a hand. How long people waited is printed."""

import asyncio
from collections.abc import Iterator, Sequence

import pytest
from tests.cluster.kills import chatting
from tests.cluster.wide_site import Standing, WideNodes, WideSite, standing_still, wide_nodes

pytestmark = [pytest.mark.cluster_prove, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def nodes() -> Iterator[WideNodes]:
    """Of this file."""
    with wide_nodes(1) as started:
        yield started


def nodes_of(site: WideSite, what: str) -> Sequence[Standing]:
    """What is to stand still."""
    match what:
        case "Cassandra":
            return site.nodes.cassandra
        case "NATS":
            return site.nodes.nats
        case _:
            return site.nodes.zookeeper


@pytest.mark.parametrize("seconds", [3, 12, 40])
@pytest.mark.parametrize("what", ["Cassandra", "NATS", "ZooKeeper"])
async def test_an_engine_that_stands_still_and_goes_on_has_lost_nothing(
    site: WideSite, what: str, seconds: int
) -> None:
    await site.all_ready()
    async with chatting([one.url for one in site.people], 2) as crowd:

        async def harm() -> None:
            with standing_still(nodes_of(site, what)):
                await asyncio.sleep(seconds)

        pause = await crowd.while_(harm)
        print(f"{what} stood still for {seconds} s: the longest from send to ack {pause:.1f} s")
    await site.all_ready()

"""The disk of one node of three of each engine of the cassandra profile is full: people go on, and with room and the
node begun anew, as its machine would, it comes up to the others."""

import asyncio
from collections.abc import Iterator, Sequence

import pytest
from tests.cluster.engine_disks import Disks, again, complaints, fill_journal, written
from tests.cluster.kills import chatting
from tests.cluster.wide_site import Standing, WideNodes, WideSite, said, standing_still, wide_nodes

pytestmark = [pytest.mark.cluster_prove, pytest.mark.asyncio(loop_scope="module")]


SOME = 40
"""Long messages, each of which needs room on the full disk."""


@pytest.fixture(scope="module")
def disks() -> Iterator[Disks]:
    made = Disks()
    yield made
    made.unmount()


@pytest.fixture(scope="module")
def nodes(disks: Disks) -> Iterator[WideNodes]:
    """Of this file."""
    with wide_nodes(prepare=disks.mount) as started:
        yield started
        disks.unmount()


def of_kind(nodes: WideNodes, kind: str) -> Sequence[Standing]:
    """The nodes of an engine."""
    match kind:
        case "Cassandra":
            return nodes.cassandra
        case "NATS":
            return nodes.nats
        case _:
            return nodes.zookeeper


@pytest.mark.parametrize("kind", ["NATS", "Cassandra", "ZooKeeper"])
async def test_one_node_whose_disk_is_full_holds_nobody_up_for_long(site: WideSite, disks: Disks, kind: str) -> None:
    await site.all_ready()
    async with site.pair() as (anna, ben):
        await said(anna, ben, f"before {kind}")
        async with chatting([one.url for one in site.people], 1) as crowd:
            async with disks.of[kind][1].full():

                async def full() -> None:
                    if kind == "ZooKeeper":
                        await asyncio.to_thread(fill_journal, site.nodes.ensemble.hosts)
                    await written(kind, anna, ben, SOME)

                pause = await crowd.while_(full)
                await complaints(site.cluster, "")
            print(f"one disk of {kind} is full: the longest from send to ack {pause:.1f} s")
            await asyncio.to_thread(again, site.nodes, kind, 1)
            await crowd.more()
        await site.all_ready()
        await said(anna, ben, f"after {kind}")
        if kind == "NATS":
            return  # who is connected to one that stands still is sent elsewhere: test_cassandra_kills.py has that
        # It has come up to the others: with one of those away there is a quorum.
        with standing_still([of_kind(site.nodes, kind)[0]]):
            await said(anna, ben, f"with another away {kind}")
        await site.all_ready()

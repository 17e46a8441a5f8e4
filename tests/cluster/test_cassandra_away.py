"""The cassandra profile with something away, or there in the wrong order: nothing that is acked is lost, who sends is
told soon, and all comes back without a hand. How long it took is printed."""

import asyncio
import time
from collections.abc import Iterator, Sequence

import pytest
from tests.cluster.wide_site import (
    PATIENCE,
    Frozen,
    Standing,
    WideNodes,
    WideSite,
    said,
    standing_still,
    unavailable,
    wide_nodes,
)
from tests.support.device import texts
from tests.support.people import begin_group
from tests.support.serving import becomes, readiness

pytestmark = [pytest.mark.cluster_prove, pytest.mark.asyncio(loop_scope="module")]

QUORUM = 2
"""Nodes of three without which nothing can be agreed on."""


@pytest.fixture(scope="module")
def nodes() -> Iterator[WideNodes]:
    """Of this file."""
    with wide_nodes() as started:
        yield started


def without(site: WideSite, what: str) -> Sequence[Standing]:
    """What is to stand still."""
    match what:
        case "a quorum of Cassandra":
            return site.nodes.cassandra[:QUORUM]
        case "a quorum of NATS":
            return site.nodes.nats[:QUORUM]
        case "a quorum of ZooKeeper":
            return site.nodes.zookeeper[:QUORUM]
        case _:
            return [Frozen(one) for one in site.delivery]


@pytest.mark.parametrize("what", ["a quorum of Cassandra", "a quorum of NATS", "all who deliver"])
async def test_who_sends_without_it_is_told_so_and_all_comes_back(site: WideSite, what: str) -> None:
    await site.all_ready()
    async with site.pair() as (anna, ben):
        await said(anna, ben, f"before {what}")
        began = time.monotonic()
        with standing_still(without(site, what)):
            asked = asyncio.create_task(unavailable(anna, ben, f"meanwhile {what}"))
            await asyncio.gather(*(becomes(one, False) for one in site.people))
            noticed = time.monotonic() - began
            await asked
            slowest = await unavailable(anna, ben, f"meanwhile {what}")
        print(f"without {what}: not ready after {noticed:.1f} s, refused after {await asked:.1f} and {slowest:.1f} s")
        began = time.monotonic()
        await site.all_ready()
        await said(anna, ben, f"meanwhile {what}")
        print(f"without {what}: all ready and sending {time.monotonic() - began:.1f} s after it was back")
        for device in (anna, ben):
            assert device.resets == []
        assert texts(ben).count(f"meanwhile {what}") == 1


async def test_without_zookeeper_people_chat_on_and_what_needs_a_number_waits(site: WideSite) -> None:
    await site.all_ready()
    what = "a quorum of ZooKeeper"
    async with site.pair() as (anna, ben), site.pair() as (carl, dora):
        await said(anna, ben, "before")
        with standing_still(without(site, what)):
            async with asyncio.timeout(PATIENCE):
                while _failing((await readiness(site.people[0]))[1]) != {"zookeeper"}:
                    pass
            # longer than a session: nobody is taken for dead, as nobody can be told
            until = time.monotonic() + 15
            number = 0
            while time.monotonic() < until:
                number += 1
                await said(anna, ben, f"without {number}")
            await said(carl, anna, "to somebody new")
            for process in site.people:
                status, _ = await readiness(process)
                assert status == 200, "nobody is sent elsewhere for that"
            answer = await carl.place.request(
                "POST", "/v1/conversations", token=carl.token, json={"title": "new", "members": [dora.account]}, key="g"
            )
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), answer.text
        print(f"without {what}: {number} texts in 15 s")
        await begin_group(carl, dora)
        await site.all_ready()
        await said(anna, ben, "after")
        assert all(device.byes == [] for device in (anna, ben, carl, dora)), "nobody's session has ended"


async def test_who_delivered_dies_while_zookeeper_is_away_and_the_rest_goes_on_once_it_is_back(site: WideSite) -> None:
    await site.all_ready()
    first, _ = site.delivery
    async with site.pair() as (anna, ben), site.pair() as (carl, dora):
        await said(anna, ben, "before")
        with standing_still(without(site, "a quorum of ZooKeeper")):
            async with asyncio.timeout(PATIENCE):
                while _failing((await readiness(site.people[0]))[1]) != {"zookeeper"}:
                    pass
            await first.kill()
            begins = asyncio.create_task(first.start())  # as its machine would; it waits for ZooKeeper
            talking = asyncio.gather(said(anna, ben, "meanwhile"), said(carl, dora, "meanwhile as well"))
            await first.logged("waiting until an engine can be used")
        await begins
        await talking
        await site.all_ready()
        await said(anna, ben, "after")


async def test_processes_that_are_there_before_their_engines_wait_for_them_and_for_enough_of_each(
    site: WideSite,
) -> None:
    await site.all_ready()
    nodes = site.nodes
    async with site.pair() as (anna, ben):
        await said(anna, ben, "before it all")
        for device in (anna, ben):
            await device.disconnect()
        for process in site.processes:
            assert await process.stop() == 0
        for some in (nodes.cassandra, nodes.nats, nodes.zookeeper):
            for node in some:
                await asyncio.to_thread(node.kill)
        starting = [asyncio.create_task(process.start()) for process in site.processes]
        try:
            for process in site.processes:
                await process.logged("waiting for an engine")
            # one of each answers, and none of them can do anything alone
            for node in (nodes.nats[2], nodes.zookeeper[1], nodes.cassandra[1]):
                await asyncio.to_thread(node.launch)
            await asyncio.to_thread(nodes.cassandra[1].wait)
            for process in site.processes:
                await process.logged("waiting until an engine can be used")
            # one kind after the other is whole
            for some in (nodes.zookeeper, nodes.nats, nodes.cassandra):
                for node in some:
                    if node not in (nodes.nats[2], nodes.zookeeper[1], nodes.cassandra[1]):
                        await asyncio.to_thread(node.launch)
                for node in some:
                    await asyncio.to_thread(node.wait)
            await asyncio.gather(*starting)
        finally:
            for one in starting:
                one.cancel()
        await site.all_ready()
        for device in (anna, ben):
            await device.connect()
        await said(anna, ben, "after it all")
        assert texts(ben) == ["before it all", "after it all"]
        assert (anna.resets, ben.resets) == ([], [])


def _failing(said_ready: object) -> set[str]:
    assert isinstance(said_ready, dict)
    return {one["name"] for one in said_ready["checks"] if not one["passed"]}

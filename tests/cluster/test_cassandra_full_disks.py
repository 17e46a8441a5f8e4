"""All disks of an engine are full under the cassandra profile, one node of each: what is not taken is refused, what was
acked is there, `chinwag cluster check` says so, and with room and the node begun anew, as its machine would, all goes
on."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Final

import pytest
from tests.cluster.engine_disks import Disks, again, all_acked_is_there, complaints, fill_journal, written
from tests.cluster.wide_site import PATIENCE, WideNodes, WideSite, said, unavailable, wide_nodes
from tests.support.device import texts
from tests.support.serving import readiness

pytestmark = [pytest.mark.cluster_prove, pytest.mark.asyncio(loop_scope="module")]

NAMES: Final = {"NATS": "JetStream", "Cassandra": "Cassandra", "ZooKeeper": "ZooKeeper"}
"""As `chinwag cluster check` calls them."""


@pytest.fixture(scope="module")
def disks() -> Iterator[Disks]:
    made = Disks()
    yield made
    made.unmount()


@pytest.fixture(scope="module")
def nodes(disks: Disks) -> Iterator[WideNodes]:
    """Of this file."""
    with wide_nodes(1, prepare=disks.mount) as started:
        yield started
        disks.unmount()


@pytest.mark.parametrize("kind", ["NATS", "Cassandra"])
async def test_with_all_disks_full_nothing_is_taken_and_what_was_acked_is_there(
    site: WideSite, disks: Disks, kind: str
) -> None:
    await site.all_ready()
    async with site.pair() as (anna, ben):
        first = await said(anna, ben, f"before all {kind}")
        async with AsyncExitStack() as full:
            await disks.fill(kind, full)
            await written(kind, anna, ben)
            slowest = await unavailable(anna, ben, f"meanwhile all {kind}")
            print(f"all disks of {kind} are full: refused after {slowest:.1f} s at most")
            assert any("full" in one for one in await complaints(site.cluster, NAMES[kind]))
        for number in range(len(disks.of[kind])):
            await asyncio.to_thread(again, site.nodes, kind, number)
        began = time.monotonic()
        await site.all_ready()
        await said(anna, ben, f"meanwhile all {kind}")
        print(f"all ready and sending {time.monotonic() - began:.1f} s after {kind} was begun anew")
        await said(anna, ben, f"after all {kind}")
        for device in (anna, ben):
            await device.disconnect()
            await device.connect()
        async with asyncio.timeout(PATIENCE):
            await ben.reach_head()
        heard = [text for text in texts(ben) if not text.endswith("x")]
        assert heard == [f"{word} all {kind}" for word in ("before", "meanwhile", "after")]
        all_acked_is_there(kind, anna, [text for text in texts(ben) if text.endswith("x")])
        assert first.number == 1


async def test_with_the_disk_of_zookeeper_full_people_chat_on_and_what_needs_a_number_waits(
    site: WideSite, disks: Disks
) -> None:
    await site.all_ready()
    async with site.pair() as (anna, ben):
        await said(anna, ben, "before")
        async with AsyncExitStack() as full:
            await disks.fill("ZooKeeper", full)
            await asyncio.to_thread(fill_journal, site.nodes.ensemble.hosts)
            async with asyncio.timeout(PATIENCE):
                while not _misses_zookeeper((await readiness(site.people[0]))[1]):
                    pass
            for number in range(20):
                await said(anna, ben, f"without {number}")
            body = {"title": "new", "members": [ben.account]}
            answer = await anna.place.request("POST", "/v1/conversations", token=anna.token, json=body, key="g")
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), answer.text
            assert any("full" in one for one in await complaints(site.cluster, "ZooKeeper"))
        await asyncio.to_thread(again, site.nodes, "ZooKeeper", 0)
        await site.all_ready()
        answer = await anna.place.request("POST", "/v1/conversations", token=anna.token, json=body, key="g")
        assert answer.status_code == 201, answer.text
        await said(anna, ben, "after")
        assert texts(ben) == ["before", *(f"without {number}" for number in range(20)), "after"]
        assert (anna.byes, ben.byes) == ([], [])


def _misses_zookeeper(said_ready: object) -> bool:
    assert isinstance(said_ready, dict)
    return any(one["name"] == "zookeeper" and not one["passed"] for one in said_ready["checks"])

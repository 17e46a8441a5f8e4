"""The disk of an engine of the cassandra profile is full: of one node of three, and of all. What is not taken is
refused, what was acked is there, and with room and the nodes begun anew, as their machines would, all goes on."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from kazoo.client import KazooClient
from prove.faults.disk import BYTES, Disk
from tests.cluster.kills import chatting
from tests.cluster.wide_site import (
    PATIENCE,
    Standing,
    WideNodes,
    WideSite,
    said,
    standing_still,
    unavailable,
    wide_nodes,
    wide_site,
)
from tests.support.device import Device, texts
from tests.support.keeper import Urls
from tests.support.machine import without

from chinwag.domain.ids import ClientId
from chinwag.engines import Place
from chinwag.wire.frames import Ack, Error, Send
from chinwag.wire.values import Text

pytestmark = [pytest.mark.cluster_prove, pytest.mark.asyncio(loop_scope="module")]

LONG = "x" * 20_000
"""Of a file that is made at full length some hundreds fill the rest."""


class Disks:
    """A disk of its own for each node."""

    def __init__(self) -> None:
        self.of: dict[str, list[Disk]] = {}

    def mount(self, kind: str, _number: int, place: Place, folder: Path) -> None:
        """Where a node will write."""
        folder.parent.mkdir(exist_ok=True)
        place.hand_over(folder.parent)
        folder.mkdir()
        owner = "" if place.uid is None else f",uid={place.uid},gid={place.gid}"
        options = f"size={BYTES},mode=0700{owner}"
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "chinwag", str(folder)], check=False)
        if done.returncode:
            without("a disk of its own for an engine: root alone may mount one")
        self.of.setdefault(kind, []).append(Disk(folder, None))

    def unmount(self) -> None:
        """All of them, once nobody writes there."""
        for disks in self.of.values():
            for disk in disks:
                subprocess.run(["umount", "--lazy", str(disk.folder)], check=False)


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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(
    nodes: WideNodes, tmp_path_factory: pytest.TempPathFactory, engine_urls: Urls
) -> AsyncIterator[WideSite]:
    """Of this file."""
    async with wide_site(nodes, tmp_path_factory.mktemp("disks"), engine_urls) as made:
        yield made


def of_kind(nodes: WideNodes, kind: str) -> Sequence[Standing]:
    """The nodes of an engine."""
    match kind:
        case "Cassandra":
            return nodes.cassandra
        case "NATS":
            return nodes.nats
        case _:
            return nodes.zookeeper


def again(nodes: WideNodes, kind: str, number: int) -> None:
    """Begin a node anew, whether it has ended by itself or not."""
    match kind:
        case "Cassandra":
            nodes.cassandra[number].kill()
            nodes.cassandra[number].begin()
        case "NATS":
            nodes.nats[number].kill()
            nodes.nats[number].begin()
        case _:
            nodes.zookeeper[number].kill()
            nodes.zookeeper[number].begin()


async def written(site: WideSite, kind: str, sender: Device, reader: Device, count: int = 300) -> int:
    """Write so much that a full disk is noticed; how much was refused."""
    if kind == "ZooKeeper":
        await asyncio.to_thread(_fill_journal, site.nodes.ensemble.hosts)
        return 0
    refused = 0
    for number in range(count):
        answer = await sender.ask(Send(ClientId(f"{kind} {number}"), Text(f"{number} {LONG}"), to=reader.account))
        if isinstance(answer, Error):
            assert answer.retryable, answer
            refused += answer.code == "unavailable"
            await asyncio.sleep(min(answer.retry_after or 0.1, 1.0))
            if refused == 3:
                break
        if not sender.online:
            break
    return refused


@pytest.mark.parametrize("kind", ["NATS", "Cassandra", "ZooKeeper"])
async def test_one_node_whose_disk_is_full_holds_nobody_up_for_long(site: WideSite, disks: Disks, kind: str) -> None:
    await site.all_ready()
    async with AsyncExitStack() as held:
        anna, ben = await held.enter_async_context(site.pair())
        await said(anna, ben, f"before {kind}")
        async with chatting([one.url for one in site.people], 1) as crowd:
            async with disks.of[kind][1].full():

                async def full() -> None:
                    await written(site, kind, anna, ben)

                pause = await crowd.while_(full)
            print(f"one disk of {kind} is full: the longest from send to ack {pause:.1f} s")
            await asyncio.to_thread(again, site.nodes, kind, 1)
            await crowd.more()
        await site.all_ready()
        await said(anna, ben, f"after {kind}")
        # It has come up to the others: with one of those away there is a quorum.
        with standing_still([of_kind(site.nodes, kind)[0]]):
            await said(anna, ben, f"with another away {kind}")
        await site.all_ready()


@pytest.mark.parametrize("kind", ["NATS", "Cassandra"])
async def test_with_all_disks_full_nothing_is_taken_and_what_was_acked_is_there(
    site: WideSite, disks: Disks, kind: str
) -> None:
    await site.all_ready()
    async with site.pair() as (anna, ben):
        first = await said(anna, ben, f"before all {kind}")
        async with AsyncExitStack() as full:
            for disk in disks.of[kind]:
                await full.enter_async_context(disk.full())
            await written(site, kind, anna, ben)
            slowest = await unavailable(anna, ben, f"meanwhile all {kind}")
            print(f"all disks of {kind} are full: refused after {slowest:.1f} s at most")
        for number in range(3):
            await asyncio.to_thread(again, site.nodes, kind, number)
        await site.all_ready()
        await said(anna, ben, f"meanwhile all {kind}")
        await said(anna, ben, f"after all {kind}")
        for device in (anna, ben):
            await device.disconnect()
            await device.connect()
        async with asyncio.timeout(PATIENCE):
            await ben.reach_head()
        heard = [text for text in texts(ben) if not text.endswith("x")]
        assert heard == [f"{word} all {kind}" for word in ("before", "meanwhile", "after")]
        long = [int(text.split()[0]) for text in texts(ben) if text.endswith("x")]
        assert long == sorted(set(long)), "each once, in order"
        acked = {int(name.split()[1]) for name, given in anna.answers.items() if name.startswith(kind) and _took(given)}
        assert acked <= set(long), "all that was acked is there"
        assert first.number == 1


def _took(answers: Sequence[Ack | Error]) -> bool:
    return any(not isinstance(one, Error) for one in answers)


def _fill_journal(hosts: tuple[str, ...]) -> None:
    """More than is made ready of a journal's file."""
    client = KazooClient(hosts=",".join(hosts), timeout=10.0)
    client.start(30)
    try:
        client.ensure_path("/filler")
        for _ in range(40):
            client.retry(client.set, "/filler", b"x" * 100_000)
    finally:
        client.stop()
        client.close()

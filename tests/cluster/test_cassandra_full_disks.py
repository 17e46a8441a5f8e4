"""All disks of NATS are full under the cassandra profile, one node of each engine: what is not taken is refused, what
was acked is there, and with room and the node begun anew, as its machine would, all goes on."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack

import pytest
from tests.cluster.engine_disks import Disks, again, written
from tests.cluster.wide_site import PATIENCE, WideNodes, WideSite, said, unavailable, wide_nodes
from tests.support.device import texts

from chinwag.wire.frames import Ack, Error

pytestmark = [pytest.mark.cluster_prove, pytest.mark.asyncio(loop_scope="module")]


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


@pytest.mark.parametrize("kind", ["NATS"])
async def test_with_all_disks_full_nothing_is_taken_and_what_was_acked_is_there(
    site: WideSite, disks: Disks, kind: str
) -> None:
    await site.all_ready()
    async with site.pair() as (anna, ben):
        first = await said(anna, ben, f"before all {kind}")
        async with AsyncExitStack() as full:
            for disk in disks.of[kind]:
                await full.enter_async_context(disk.full())
            await written(kind, anna, ben)
            slowest = await unavailable(anna, ben, f"meanwhile all {kind}")
            print(f"all disks of {kind} are full: refused after {slowest:.1f} s at most")
        for number in range(len(disks.of[kind])):
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

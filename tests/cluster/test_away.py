"""A gateway without NATS sends its people elsewhere and lets nobody in; it comes back by itself. A process that stops
hands its work over."""

import asyncio
import contextlib
from pathlib import Path

from tests.support.clusters import Cluster, new_cluster
from tests.support.device import Device, texts
from tests.support.keeper import Urls
from tests.support.own_nats import own_nats
from tests.support.people import log_in_device, sign_up
from tests.support.places import Sockets
from tests.support.serving import becomes, ready, serving

from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import Text

TEXTS = 90
"""As many as one may send at once, or a few fewer."""


async def test_a_gateway_without_nats_sends_people_elsewhere_and_comes_back(tmp_path: Path, engine_urls: Urls) -> None:
    with own_nats() as nats:
        async with new_cluster(tmp_path, Urls(engine_urls.postgres, nats.url)) as cluster:
            await cluster.init()
            async with serving(cluster, "server") as process:
                place = Sockets(process)
                await sign_up(place, "anna")
                anna = await log_in_device(place, "anna")
                await anna.connect()
                await asyncio.to_thread(nats.kill)
                await anna.until(lambda: bool(anna.byes), "a bye")
                assert (anna.byes[0].code, anna.byes[0].elsewhere) == ("drain", True)
                assert not await ready(process)
                await anna.connect()
                assert anna.welcome is None
                assert anna.byes[-1].code == "unavailable"
                await asyncio.to_thread(nats.begin)
                await becomes(process, True)
                await anna.connect()
                assert anna.welcome is not None
                await anna.close()
                await place.close()


async def say(device: Device, to: Device, count: int) -> None:
    """Send so many texts, one after the other; every one is placed."""
    for number in range(count):
        answer = await device.ask(Send(ClientId(f"m{number}"), Text(f"text {number}"), to=to.account))
        assert isinstance(answer, Ack), answer


async def test_a_delivery_process_that_stops_hands_its_partitions_over_and_nothing_is_refused(cluster: Cluster) -> None:
    await cluster.init()
    async with contextlib.AsyncExitStack() as stack:
        people = await stack.enter_async_context(
            serving(cluster, "people", "--role", "gateway,api,presence,housekeeping,delivery")
        )
        other = await stack.enter_async_context(serving(cluster, "other"))
        place = Sockets(people)
        await sign_up(place, "anna")
        await sign_up(place, "berta")
        anna, berta = [await log_in_device(place, name) for name in ("anna", "berta")]
        await anna.connect()
        await berta.connect()
        saying = asyncio.create_task(say(anna, berta, TEXTS))
        await berta.until(lambda: len(texts(berta)) > 10, "some texts")
        assert await other.stop() == 0
        await saying
        await berta.until(lambda: len(texts(berta)) == TEXTS, "all texts")
        assert texts(berta) == [f"text {number}" for number in range(TEXTS)]
        for device in (anna, berta):
            await device.close()
        await place.close()
        assert await people.stop() == 0

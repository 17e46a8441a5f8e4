"""On several machines each process with the role pushes: one that is killed loses nothing, and nothing comes twice for
good."""

import contextlib
from pathlib import Path

from tests.support.clusters import Cluster
from tests.support.device import Device
from tests.support.people import log_in_device, sign_up
from tests.support.places import Sockets
from tests.support.push_receiver import Subscription, push_receiver
from tests.support.serving import serving

from chinwag.clock_offset import VARIABLE
from chinwag.domain.ids import ClientId
from chinwag.flow.push.send import LEASE_MS
from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import Text

PUSHING = {
    "CHINWAG_PUSH_CONTACT": "mailto:op@example.org",
    "CHINWAG_PUSH_HOSTS": "*",
    "CHINWAG_PUSH_ALLOW_THIS_MACHINE": "true",
}


async def say(anna: Device, berta: Device, text: str) -> None:
    answer = await anna.ask(Send(ClientId(text), Text(text), to=berta.account))
    assert isinstance(answer, Ack), answer


def texts(browser: Subscription) -> list[str]:
    return [one.payload["text"] for one in browser.pushed]


async def test_what_one_process_does_not_push_another_does(cluster: Cluster, tmp_path: Path) -> None:
    ahead = tmp_path / "ahead"
    """By how many seconds the clock of who goes on is: so that it need not wait for the end of the other's lease."""
    await cluster.init()
    async with push_receiver() as receiver, contextlib.AsyncExitStack() as stack:
        people = await stack.enter_async_context(
            serving(cluster, "people", "--role", "gateway,api,presence,delivery", environment=PUSHING)
        )
        pushers = [
            await stack.enter_async_context(
                serving(cluster, name, "--role", "push", environment=PUSHING | {VARIABLE: str(ahead)})
            )
            for name in ("one", "two")
        ]
        place = Sockets(people)
        for name in ("anna", "berta"):
            await sign_up(place, name)
        anna, berta = [await log_in_device(place, name) for name in ("anna", "berta")]
        await anna.connect()
        key = (await place.request("GET", "/v1/push", token=berta.token)).json()["web"]["key"]
        browser = receiver.subscribe(key)
        answer = await place.request("PUT", "/v1/push/subscription", token=berta.token, json=browser.body)
        assert answer.status_code == 200, answer.text
        for number, killed in enumerate((None, pushers[0])):
            text = f"message {number}"
            await say(anna, berta, text)
            if killed is not None:
                await killed.kill()
                draft = ahead.with_suffix(".draft")
                draft.write_text(str(LEASE_MS / 1000 + 1))
                draft.replace(ahead)
            while text not in texts(browser):
                await receiver.until(browser, len(browser.pushed) + 1, 120)
            assert texts(browser).count(text) <= 2
            assert len(browser.shown) == 1
        for device in (anna, berta):
            await device.close()
        await place.close()
        assert await pushers[1].stop() == 0

"""A real server pushes to a real push service of ours, and goes on after a kill at each step."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from prove.faults.at_point import FailPoint
from prove.faults.clock import WrongClock
from prove.process import ServerProcess
from tests.support.device import Device
from tests.support.patience import PATIENCE
from tests.support.people import Crowd
from tests.support.push_receiver import PushReceiver, Say, Subscription, push_receiver

from chinwag.domain.ids import ClientId
from chinwag.fail_points import POINTS
from chinwag.flow.push.send import LEASE_MS
from chinwag.wire.frames import Error, Read, Send
from chinwag.wire.values import Text

KILLED = -signal.SIGKILL


@asynccontextmanager
async def pushing(folder: Path) -> AsyncIterator[tuple[ServerProcess, PushReceiver]]:
    """A server that may push to this machine; not started yet."""
    async with push_receiver() as receiver:
        settings = {
            "CHINWAG_PUSH_CONTACT": "mailto:op@example.org",
            "CHINWAG_PUSH_HOSTS": "*",
            "CHINWAG_PUSH_ALLOW_THIS_MACHINE": "true",
        }
        process = ServerProcess(folder / "data", environment=settings)
        try:
            yield process, receiver
        finally:
            process.end()
            print(process.log())


async def subscribed(device: Device, receiver: PushReceiver) -> Subscription:
    """The browser of a device, which subscribes there."""
    key = (await device.place.request("GET", "/v1/push", token=device.token)).json()["web"]["key"]
    browser = receiver.subscribe(key)
    answer = await device.place.request("PUT", "/v1/push/subscription", token=device.token, json=browser.body)
    assert answer.status_code == 200, answer.text
    return browser


async def say(sender: Device, text: str, to: Device) -> int:
    """A message that is acked, asked for again until it is."""
    async with asyncio.timeout(PATIENCE):
        while isinstance(answer := await sender.ask(Send(ClientId(text), Text(text), to=to.account)), Error):
            assert answer.retryable, answer
    return answer.number


async def until(receiver: PushReceiver, browser: Subscription, good: Callable[[], bool]) -> None:
    """Wait for pushes until it is so."""
    while not good():
        await receiver.until(browser, len(browser.pushed) + 1, PATIENCE)


def texts(browser: Subscription, after: int = 0) -> list[str]:
    """What was said in its pushes after so many."""
    return [one.payload.get("text", "") for one in browser.pushed[after:]]


async def test_a_closed_tab_is_pushed_to_and_the_push_goes_once_it_is_read_elsewhere(tmp_path: Path) -> None:
    async with pushing(tmp_path) as (process, receiver):
        await process.start()
        people = Crowd(process)
        try:
            anna, ben = await people.people("anna", "ben")
            phone = await people.another(ben, connect=False)
            browser = await subscribed(phone, receiver)
            await ben.disconnect()
            number = await say(anna, "come to the river", ben)
            (pushed,) = await receiver.until(browser, 1)
            assert (pushed.payload["text"], pushed.payload["unread"]) == ("come to the river", 1)
            await ben.connect()
            ben.send(Read(pushed.payload["conversation"], number))
            _, clear = await receiver.until(browser, 2)
            assert (clear.payload["kind"], clear.payload["tag"]) == ("clear", pushed.payload["tag"])
            assert browser.shown == [clear.payload]
            await phone.place.request("POST", "/v1/push/test", token=phone.token)
            assert (await receiver.until(browser, 3))[-1].payload["kind"] == "test"
            await phone.place.request("DELETE", "/v1/sessions/current", token=phone.token)
            await ben.disconnect()
            other = await people.another(ben, connect=False)
            seen = await subscribed(other, receiver)
            await say(anna, "are you there?", ben)
            await receiver.until(seen, 1)
            assert len(browser.pushed) == 3, "nothing to who has logged out"
        finally:
            await people.leave()


async def test_a_server_that_dies_at_any_step_loses_no_push(tmp_path: Path) -> None:
    names = [name for name, one in POINTS.items() if one.phase == "pushing"]
    assert len(names) == 4
    async with pushing(tmp_path) as (process, receiver):
        point, clock = FailPoint(process), WrongClock(process)
        await process.start()
        people = Crowd(process)
        try:
            anna, ben = await people.people("anna", "ben")
            browser = await subscribed(ben, receiver)
            await ben.disconnect()
            for turn, name in enumerate(names, 1):
                before = len(browser.pushed)
                point.arm(name)
                saying = asyncio.create_task(say(anna, name, ben))
                assert await process.exited() == KILLED, name
                assert point.reached(name), name
                saying.cancel()
                await asyncio.gather(saying, return_exceptions=True)
                point.disarm()
                await anna.disconnect()
                await process.start()
                await anna.connect()
                await say(anna, name, ben)
                # what was taken when the server died is taken again once its lease is over
                clock.jump(turn * (LEASE_MS / 1000 + 1))
                await until(receiver, browser, lambda name=name, before=before: name in texts(browser, before))  # type: ignore[misc]
                assert texts(browser, before).count(name) <= 2, name
                assert len(browser.shown) == 1, "a second one takes the place of the first"
            assert receiver.wrong == []
        finally:
            await people.leave()


async def test_a_dead_push_service_holds_up_no_other(tmp_path: Path) -> None:
    async with pushing(tmp_path) as (process, living), push_receiver() as dead:
        await process.start()
        people = Crowd(process)
        try:
            anna, ben = await people.people("anna", "ben")
            browsers = []
            for _ in range(8):
                device = await people.another(ben, connect=False)
                browser = await subscribed(device, dead)
                browser.always = Say(503)
                browsers.append(browser)
            phone = await subscribed(ben, living)
            await ben.disconnect()
            for number in range(3):
                await say(anna, f"message {number}", ben)
                await living.until(phone, number + 1)
            for browser in browsers[:1]:
                await dead.until(browser, 1)
        finally:
            await people.leave()

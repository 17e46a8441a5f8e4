"""Pushes from end to end: the settings' page, the server's own Web Push, what opens it with the browser's keys, and the
service worker of a real browser whose app is closed."""

import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect
from prove.process import ServerProcess
from tests.support.push_receiver import PushReceiver, Say, push_receiver
from tests.web.app.conftest import ROOT, Arrive
from tests.web.app.visitor import Visitor, until
from tests.web.push_browser import HandedOut, subscribed_at
from tests.web.pushes import Pushes

CONTACT = "mailto:staff@example.org"


@pytest.fixture
def process(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server that pushes, to this machine too."""
    flags = ("--push-contact", CONTACT, "--push-hosts", "*", "--push-allow-this-machine", "true")
    command = (sys.executable, "-m", "tests.support.quick_server")
    server = ServerProcess(tmp_path / "data", *flags, command=command, cwd=ROOT)
    yield server
    server.end()
    print(server.log())


@pytest.fixture
async def receiver() -> AsyncIterator[PushReceiver]:
    """What stands for the push service of the browser's maker."""
    async with push_receiver() as one:
        one.contact = CONTACT
        yield one


async def _anna(arrive: Arrive, receiver: PushReceiver) -> tuple[Visitor, HandedOut]:
    """Anna, with pushes turned on in the settings."""
    anna = await arrive(permissions=["notifications"])
    handed = await subscribed_at(anna.page.context, receiver)
    await anna.sign_up("anna", "Anna")
    await anna.page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    await anna.visit("/settings")
    await anna.page.get_by_role("button", name="Tell me here as well").click()
    await expect(anna.page.get_by_text("On for this browser.")).to_be_visible()
    return anna, handed


async def test_a_friend_writes_while_the_app_is_closed_and_reading_elsewhere_takes_it_back(
    arrive: Arrive, receiver: PushReceiver
) -> None:
    anna, handed = await _anna(arrive, receiver)
    browser = handed.now
    ben = await arrive()
    await ben.sign_up("ben", "Ben")
    await anna.visit("/")
    await anna.begin_with("ben", "Ben")
    await anna.say("write when you are there")
    conversation = anna.page.url.rpartition("/c/")[2]
    pushes = await Pushes.to(anna.page)
    await ben.open("Anna")
    await anna.page.close()
    await ben.say("I am there")
    [pushed, *_] = await receiver.until(browser, 1)
    await pushes.hand_over(json.dumps(pushed.payload))
    await pushes.shows(("Ben", "I am there"))
    assert pushed.headers["urgency"] == "high"
    assert await pushes.badge() == 1
    # Nobody between sees what is in it, nor of what length; the topic names no conversation.
    assert pushed.length == 512
    assert conversation not in pushed.headers["topic"]

    laptop = await arrive()
    await laptop.log_in("anna", f"/c/{conversation}")
    await laptop.sees("I am there")
    cleared = (await receiver.until(browser, 2))[-1]
    assert cleared.payload["kind"] == "clear"
    assert cleared.headers["topic"] == pushed.headers["topic"]
    await pushes.hand_over(json.dumps(cleared.payload))
    await pushes.shows()


async def test_a_trial_arrives_and_what_is_turned_off_is_off(arrive: Arrive, receiver: PushReceiver) -> None:
    anna, handed = await _anna(arrive, receiver)
    pushes = await Pushes.to(anna.page)
    await anna.page.get_by_role("button", name="Try it").click()
    await expect(anna.page.get_by_text("On its way")).to_be_visible()
    [trial] = await receiver.until(handed.now, 1)
    await pushes.hand_over(json.dumps(trial.payload))
    await pushes.shows(("Chinwag", "This is how Chinwag tells you of messages."))
    # It is kept over a reload, with the same subscription.
    await anna.visit("/settings")
    await expect(anna.page.get_by_text("On for this browser.")).to_be_visible()
    assert len(handed.all) == 1
    await anna.page.get_by_role("button", name="Turn off").click()
    await expect(anna.page.get_by_role("button", name="Tell me here as well")).to_be_visible()
    assert await anna.page.evaluate("localStorage.getItem('test.subscription')") is None


async def test_what_a_push_says_and_quiet_hours_are_the_accounts_own(arrive: Arrive, receiver: PushReceiver) -> None:
    anna, _ = await _anna(arrive, receiver)
    page = anna.page
    await page.get_by_label("that there is one, only").check()
    await page.get_by_label("Quiet hours").check()
    await expect(page.get_by_label("From")).to_have_value("22:00")
    await page.get_by_label("From").fill("21:30")
    await page.get_by_label("From").blur()
    await page.get_by_label("By the clocks of").select_option("Europe/Berlin")
    await page.get_by_label("Tell me nevertheless of what is written to me alone").check()
    phone = await arrive(phone=True)
    await phone.log_in("anna")
    await phone.visit("/settings")
    await expect(phone.page.get_by_label("that there is one, only")).to_be_checked()
    await expect(phone.page.get_by_label("From")).to_have_value("21:30")
    await expect(phone.page.get_by_label("By the clocks of")).to_have_value("Europe/Berlin")
    await expect(phone.page.get_by_label("Tell me nevertheless of what is written to me alone")).to_be_checked()
    await expect(phone.page.get_by_label("Tell me nevertheless of what speaks to me")).to_be_checked()
    await page.get_by_label("Quiet hours").uncheck()
    await expect(phone.page.get_by_label("Quiet hours")).not_to_be_checked()


async def test_who_logs_out_leaves_no_subscription(arrive: Arrive, receiver: PushReceiver) -> None:
    anna, handed = await _anna(arrive, receiver)
    await anna.page.get_by_role("button", name="Log out").last.click()
    await anna.page.get_by_role("dialog").get_by_role("button", name="Log out").click()
    await anna.at_the_door()
    await expect_gone(anna)
    # Whoever comes next is told nothing here before they wish it.
    await anna.sign_up("cleo", "Cleo")
    await anna.visit("/settings")
    await expect(anna.page.get_by_role("button", name="Tell me here as well")).to_be_visible()
    assert len(handed.all) == 1


async def test_a_push_service_that_forgot_the_browser_is_subscribed_at_anew(
    arrive: Arrive, receiver: PushReceiver
) -> None:
    anna, handed = await _anna(arrive, receiver)
    handed.now.always = Say(410)
    await anna.page.get_by_role("button", name="Try it").click()
    await until(lambda: _count_is(handed, 2))
    await anna.visit("/settings")
    await expect(anna.page.get_by_text("On for this browser.")).to_be_visible()
    await anna.page.get_by_role("button", name="Try it").click()
    await receiver.until(handed.now, 1)


async def expect_gone(visitor: Visitor) -> None:
    """Wait until the browser has let go of its subscription."""
    await until(lambda: _is_gone(visitor))


async def _is_gone(visitor: Visitor) -> bool:
    return await visitor.page.evaluate("localStorage.getItem('test.subscription')") is None


async def _count_is(handed: HandedOut, count: int) -> bool:
    return len(handed.all) == count

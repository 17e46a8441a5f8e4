"""Notifications: of what nobody looks at, taken away with the account, and leading to what they tell of. And what
whoever comes next to a browser finds of whoever was there before: nothing."""

import asyncio
import contextlib
from typing import Any

import pytest
from playwright.async_api import expect
from tests.support.people import PASSWORD
from tests.web.app.conftest import Arrive
from tests.web.app.visitor import Visitor, until

SHOWN = """async () => (await (await navigator.serviceWorker.getRegistration()).getNotifications())
  .map((one) => [one.title, one.body])"""
AWAY = "() => { document.hasFocus = () => false; window.dispatchEvent(new Event('blur')); }"
"""Headless browsers say that every page has the focus."""
UNHEARD = """() => {
  const post = BroadcastChannel.prototype.postMessage;
  BroadcastChannel.prototype.postMessage = function (said) { if (said.type !== "watching") post.call(this, said) };
}"""
"""Between a page and the engine words of what it shows take their time: here they take for ever."""
HOLD = """() => {
  const hold = () => document.querySelector(".toast")?.dispatchEvent(new PointerEvent("pointerenter"));
  new MutationObserver(hold).observe(document.body, { childList: true, subtree: true });
}"""
"""What is said for some seconds stays as long as the pointer is upon it: here it is so from its first moment."""
CLICK = """async () => {
  const [notification] = await self.registration.getNotifications();
  self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
}"""


async def _told(arrive: Arrive) -> tuple[Visitor, Visitor]:
    """Anna, who wants to be told of what comes, and Ben; they have begun to chat."""
    anna, ben = await arrive(permissions=["notifications"]), await arrive()
    await anna.sign_up("anna", "Anna")
    await anna.page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    await ben.sign_up("ben", "Ben")
    await anna.begin_with("ben", "Ben")
    await anna.say("hello")
    await ben.open("Anna")
    return anna, ben


async def _shows(visitor: Visitor, expected: list[list[Any]]) -> None:
    shown: list[list[Any]] = []

    async def so() -> bool:
        nonlocal shown
        shown = await visitor.page.evaluate(SHOWN)
        return shown == expected

    try:
        await until(so)
    except TimeoutError:
        raise AssertionError(f"shows {shown}, and not {expected}") from None


async def test_an_open_conversation_that_nobody_looks_at_is_told_of(arrive: Arrive) -> None:
    anna, ben = await _told(arrive)
    await ben.say("while you look")
    await anna.sees("while you look")
    await anna.page.evaluate(AWAY)
    await ben.say("while you are away")
    await _shows(anna, [["Ben", "while you are away"]])


async def test_what_comes_when_a_conversation_was_left_just_now_is_told_of(arrive: Arrive) -> None:
    anna, ben = await _told(arrive)
    await ben.say("while you look")
    await anna.sees("while you look")
    await anna.page.evaluate(UNHEARD)
    await anna.page.get_by_role("link", name="People").click()
    await expect(anna.composer).to_have_count(0)
    await ben.say("one step later")
    await _shows(anna, [["Ben", "one step later"]])


async def test_a_click_on_a_notification_leads_to_its_conversation(arrive: Arrive) -> None:
    anna, ben = await _told(arrive)
    path = anna.page.url
    await anna.page.get_by_role("link", name="People").click()
    await expect(anna.composer).to_have_count(0)
    await ben.say("come back")
    await _shows(anna, [["Ben", "come back"]])
    await anna.page.context.service_workers[0].evaluate(CLICK)
    await anna.sees("come back")
    assert anna.page.url == path
    await _shows(anna, [])


async def _told_of(visitor: Visitor, other: Visitor, text: str) -> None:
    """Have `other` write until the visitor is told: who looked there a moment ago may still count as looking."""
    for _ in range(6):
        await other.say(text)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                await _shows(visitor, [["Ben", text]])
                return
    await _shows(visitor, [["Ben", text]])


async def test_nothing_of_an_account_stays_for_whoever_comes_next(arrive: Arrive) -> None:
    anna, ben = await _told(arrive)
    conversation = anna.page.url.removeprefix(anna.url())
    await anna.page.get_by_role("link", name="Settings").click()
    await expect(anna.composer).to_have_count(0)
    await _told_of(anna, ben, "for Anna alone")
    await anna.page.get_by_role("button", name="Log out").last.click()
    await anna.page.get_by_role("dialog").get_by_role("button", name="Log out").click()
    await anna.at_the_door()
    await _shows(anna, [])
    await expect(anna.page).to_have_url(anna.url() + "/")
    await anna.sign_up("cleo", "Cleo")
    await anna.visit(conversation)
    await expect(anna.page.get_by_text("No conversation of yours has this address.")).to_be_visible()
    for name in ("Anna", "Ben"):
        await expect(anna.page.get_by_text(name)).to_have_count(0)


@pytest.mark.parametrize("way", ["Log out", "Close account"])
async def test_whoever_has_left_for_good_is_told_nothing_at_the_door(arrive: Arrive, way: str) -> None:
    anna = await arrive()
    await anna.sign_up("anna", "Anna")
    await anna.visit("/settings")
    await anna.page.evaluate(HOLD)
    saved = anna.page.get_by_text("Saved")
    # A server that is too busy says so, and is asked again.
    while not await saved.count():
        await anna.page.get_by_role("button", name="Save").first.click()
        await saved.or_(anna.page.get_by_role("alert")).first.wait_for()
    await expect(saved).to_be_visible()
    await anna.page.get_by_role("button", name=way).last.dispatch_event("click")
    dialog = anna.page.get_by_role("dialog")
    if way == "Close account":
        await dialog.get_by_label("Password").fill("wrong")
        await dialog.get_by_label("Password").press("Enter")
        await expect(anna.page.get_by_role("alert")).to_have_count(1)
        await dialog.get_by_label("Password").fill(PASSWORD)
        await dialog.get_by_label("Password").press("Enter")
    else:
        await dialog.get_by_role("button", name=way).dispatch_event("click")
    await anna.at_the_door()
    await expect(anna.page.get_by_label("Name", exact=True)).to_have_value("")
    for words in ("Saved", "You were logged out", "anna"):
        await expect(anna.page.get_by_text(words)).to_have_count(0)


@pytest.mark.parametrize("path", ["nonsense", "d~1~2", "251803225743691776", "x" * 300])
async def test_where_there_is_no_conversation_one_is_told_so_and_cannot_write(arrive: Arrive, path: str) -> None:
    anna = await arrive()
    await anna.sign_up("anna", "Anna")
    await anna.visit(f"/c/{path}")
    await expect(anna.page.get_by_text("No conversation of yours has this address.")).to_be_visible()
    await expect(anna.composer).to_have_count(0)

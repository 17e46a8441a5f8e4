"""The story that changing, answering and finding messages is for: as seen on two devices, and by one that was away."""

import re

import pytest
from playwright.async_api import expect
from prove.faults.clock import WrongClock
from prove.process import ServerProcess
from tests.support.people import PASSWORD
from tests.web.app.conftest import Arrive
from tests.web.app.test_told import AWAY
from tests.web.app.traces import kept, traces
from tests.web.app.visitor import Visitor, until, visitor_in

from chinwag.client import Client

SECRET = "correct horse battery"
TWO_YEARS = 2 * 365 * 86_400.0


@pytest.fixture
def clock(process: ServerProcess) -> WrongClock:
    """The server's clock."""
    return WrongClock(process)


@pytest.fixture
async def served(process: ServerProcess, clock: WrongClock) -> ServerProcess:
    """A server that runs, and whose clock can be put back."""
    assert clock is not None
    await process.start()
    return process


async def _press(visitor: Visitor, text: str, key: str) -> None:
    await visitor.page.locator("article.mine[data-number]", has_text=text).last.focus()
    await visitor.page.keyboard.press(key)


async def test_a_typo_and_a_password_are_gone_everywhere_also_for_one_who_was_away(
    arrive: Arrive, served: ServerProcess, complaints: list[str]
) -> None:
    anna, laptop = await arrive(), await arrive(permissions=["notifications"])
    await anna.sign_up("anna", "Anna")
    await laptop.sign_up("ben", "Ben")
    await laptop.page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    phone, away = await arrive(), await arrive()
    for one in (phone, away):
        await one.log_in("ben")
    await anna.begin_with("ben", "Ben")
    await anna.say("I am at the staton")
    for one in (laptop, phone, away):
        await one.open("Anna")
        await one.sees("I am at the staton")
    # on none of them it is read, so the laptop is told of it
    for one in (laptop, phone, away):
        await one.page.evaluate(AWAY)
    await anna.say(SECRET)
    for one in (phone, away):
        await one.sees(SECRET)

    async def told() -> bool:
        return await traces(laptop, SECRET) == ["kept", "drawn", "told"]

    await until(told)
    # this one keeps both, and its tab is closed
    profile = away.page.context
    beside = await profile.new_page()
    await beside.goto(served.url + "/v1/server")
    await away.page.close()
    assert await kept(beside, SECRET)
    assert await kept(beside, "at the staton")

    await _press(anna, "staton", "e")
    await expect(anna.composer).to_have_value("I am at the staton")
    await anna.composer.fill("I am at the station")
    await anna.composer.press("Enter")
    await _press(anna, SECRET, "d")
    await anna.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    back = await visitor_in(profile, complaints, lambda: served.url)
    for one in (anna, laptop, phone):
        await expect(one.page.get_by_role("article", name=re.compile("I am at the station, edited"))).to_be_visible()
        await expect(one.page.get_by_role("article", name=re.compile("Message deleted"))).to_be_visible()
    assert await kept(beside, SECRET), "nobody was there to take it away"
    await back.visit()
    await back.open("Anna")
    await expect(back.page.get_by_role("article", name=re.compile("I am at the station, edited"))).to_be_visible()
    for one in (anna, laptop, phone, back):

        async def nowhere(one: Visitor = one) -> bool:
            return await traces(one, SECRET) == [] and not await kept(one.page, "at the staton")

        await until(nowhere)
        assert await one.texts() == ["I am at the station"]
        await expect(one.page.get_by_role("region", name="Conversations")).to_contain_text("Message deleted")


async def test_two_characters_find_a_message_of_two_years_ago_amid_its_day(
    arrive: Arrive, served: ServerProcess, clock: WrongClock
) -> None:
    async with (
        await Client.sign_up(served.url, "anna", PASSWORD, device="Laptop") as anna,
        await Client.sign_up(served.url, "ben", PASSWORD, device="Laptop") as ben,
    ):
        clock.jump(-TWO_YEARS)
        for n in range(31):
            await anna.send("今天天气很好" if n == 15 else f"that day {n}", to=ben.account)
        clock.jump(0)
        for n in range(40):
            await anna.send(f"lately {n}", to=ben.account)
    at = await arrive()
    await at.log_in("ben")
    hit = at.page.locator("a.hit")

    async def found() -> bool:
        # what was said a moment ago is found a little later
        await at.visit("/search")
        await at.page.get_by_label("Words").fill("天气")
        await expect(at.page.locator("a.hit, .sheetlike p.muted:not(.hint)").first).to_be_visible()
        return await hit.count() == 1

    await until(found)
    await expect(hit.locator("mark")).to_have_text("天气")
    await hit.click()
    for text in ("that day 14", "今天天气很好", "that day 16"):
        await expect(at.page.locator("article .text", has_text=text)).to_be_in_viewport()
    await expect(at.page.locator("article .text", has_text="lately 39")).not_to_be_in_viewport()


async def test_the_badge_says_how_many_and_how_many_for_one_the_same_on_two_devices(arrive: Arrive) -> None:
    laptop, ben = await arrive(), await arrive()
    await laptop.sign_up("anna", "Anna")
    await ben.sign_up("ben", "Ben")
    phone = await arrive(phone=True)
    await phone.log_in("anna")
    await laptop.begin_with("ben", "Ben")
    await laptop.say("shall we?")
    await laptop.page.get_by_role("link", name="People").first.click()
    await ben.open("Anna")
    await ben.say("let me see")
    await ben.page.locator("article[data-number]", has_text="shall we?").focus()
    await ben.page.keyboard.press("r")
    await ben.say("yes")
    await ben.say("at noon")
    for one in (laptop, phone):
        await expect(one.page).to_have_title("(3, of which 1 for you) Chinwag")
    # after an edit it still speaks to her, after the deletion it does not
    await ben.page.locator("article.mine[data-number]", has_text="yes").focus()
    await ben.page.keyboard.press("d")
    await ben.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    for one in (laptop, phone):
        await expect(one.page).to_have_title("(3) Chinwag")
    await phone.open("Ben")
    for one in (laptop, phone):
        await expect(one.page).to_have_title("Chinwag")

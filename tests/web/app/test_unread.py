"""Unread by a person's own wish, coming back, one's own last message by a key, and whether strangers find one."""

import re

from playwright.async_api import expect
from tests.web.app.conftest import Arrive
from tests.web.app.visitor import Visitor, until


async def talk(arrive: Arrive) -> tuple[Visitor, Visitor]:
    """Anna and Ben, with three lines of Ben's that Anna has open."""
    anna, ben = await arrive(), await arrive()
    await anna.sign_up("anna", "Anna Lindqvist")
    await ben.sign_up("ben", "Ben Okafor")
    await anna.begin_with("ben", "Ben Okafor")
    await anna.say("Here we are")
    await ben.open("Anna Lindqvist")
    for text in ("One", "Two", "Three"):
        await ben.say(text)
    await anna.sees("Three")
    return anna, ben


async def test_what_is_to_be_unread_stays_so_until_one_comes_back_and_reads_it(arrive: Arrive) -> None:
    anna, _ben = await talk(arrive)
    row = anna.page.get_by_role("region", name="Conversations").get_by_role("link", name="Ben Okafor")
    await expect(row.locator(".count")).to_have_count(0)
    await anna.page.locator("article", has_text="Two").click(position={"x": 4, "y": 4})
    await anna.page.keyboard.press("u")
    await expect(row.locator(".count")).to_have_text("2")
    await expect(anna.page.get_by_text("2 new messages", exact=True)).to_be_visible()
    await anna.visit("/")  # another start of the app: it is kept on the device
    await expect(row.locator(".count")).to_have_text("2")
    await anna.open("Ben Okafor")
    await expect(anna.page.get_by_text("2 new messages", exact=True)).to_be_visible()
    await expect(row.locator(".count")).to_have_count(0)


async def test_coming_back_leads_to_where_one_was_and_a_new_start_to_the_newest(arrive: Arrive) -> None:
    anna, ben = await talk(arrive)
    await ben.say("\n".join(["A long one"] * 25))
    for number in range(8):
        await ben.say(f"After it {number}\n" + "and\n" * 6)
    await anna.sees("After it 7")
    # in the list, what is open has no count: only he can tell that she has read it all
    await expect(ben.page.get_by_role("article", name=re.compile("After it 7[^,]*, read$"))).to_be_visible()
    await anna.page.get_by_role("log").evaluate("log => { log.scrollTop = 200; }")
    await expect(anna.page.get_by_role("button", name="To the newest message")).to_be_visible()
    there: float = await anna.page.get_by_role("log").evaluate("log => log.scrollTop")
    await anna.page.get_by_role("link", name="People").click()
    await anna.open("Ben Okafor")
    await expect(anna.page.get_by_role("button", name="To the newest message")).to_be_visible()

    async def is_there() -> bool:
        again: float = await anna.page.get_by_role("log").evaluate("log => log.scrollTop")
        return abs(again - there) <= 2

    await until(is_there)
    await anna.visit("/")
    await anna.open("Ben Okafor")
    await expect(anna.page.locator("article", has_text="After it 7")).to_be_in_viewport()


async def test_up_in_an_empty_field_edits_ones_own_last_message_and_does_nothing_else(arrive: Arrive) -> None:
    anna, _ben = await talk(arrive)
    await expect(anna.page.locator("article.mine[data-number]").last).to_contain_text("Here we are")
    await anna.composer.press("ArrowUp")
    await expect(anna.composer).to_have_value("Here we are")
    await expect(anna.composer).to_be_focused()
    await anna.composer.press("Escape")
    await expect(anna.composer).to_have_value("")
    await anna.composer.fill("Something")
    await anna.composer.press("ArrowUp")
    await expect(anna.composer).to_be_focused()


async def test_whether_strangers_find_one_is_ones_own_choice(arrive: Arrive) -> None:
    anna = await arrive()
    await anna.sign_up("anna", "Anna Lindqvist")
    await anna.visit("/settings")
    box = anna.page.get_by_label("Strangers find me when they search for my name")
    before = await box.is_checked()
    async with anna.page.expect_response(lambda answer: answer.url.endswith("/v1/me/settings")):
        await box.click()
    await expect(box).to_be_checked(checked=not before)
    await anna.visit("/settings")
    await expect(box).to_be_checked(checked=not before)

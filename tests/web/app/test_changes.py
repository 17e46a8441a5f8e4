"""Messages that are edited and deleted: seen by everybody, and of a deleted one nothing is left in a browser. And found
again: by words, and by the day."""

import re
from typing import Final

from playwright.async_api import expect
from tests.web.app.conftest import Arrive
from tests.web.app.test_told import AWAY
from tests.web.app.traces import traces
from tests.web.app.visitor import Visitor, until

SECRET: Final = "correct horse battery"


async def _two(arrive: Arrive) -> tuple[Visitor, Visitor]:
    """Anna, who may be told of what comes, and Ben, in a conversation that both have open."""
    anna, ben = await arrive(permissions=["notifications"]), await arrive()
    await anna.sign_up("anna", "Anna")
    await anna.page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    await ben.sign_up("ben", "Ben")
    await anna.begin_with("ben", "Ben")
    await anna.say("hello")
    await ben.open("Anna")
    return anna, ben


async def test_a_deleted_message_is_in_no_store_no_page_and_no_notification(arrive: Arrive) -> None:
    anna, ben = await _two(arrive)
    await ben.say("before it")
    await anna.sees("before it")
    await anna.page.evaluate(AWAY)
    await ben.say(SECRET)
    await anna.sees(SECRET)
    # an answer quotes it
    await ben.page.locator("article.mine[data-number]", has_text=SECRET).focus()
    await ben.page.keyboard.press("r")
    await ben.say("see above")
    await expect(anna.page.locator(".quote")).to_contain_text(SECRET)
    await _leaves(ben, anna)
    for one in (anna, ben):
        await expect(one.page.locator(".quote")).to_contain_text("Message deleted")

    # the newest one is told of, and stands in the list
    await ben.say(SECRET)

    async def told() -> bool:
        return await traces(anna, SECRET) == ["kept", "drawn", "told"]

    await until(told)
    await _leaves(ben, anna)
    await expect(anna.page.get_by_role("region", name="Conversations")).to_contain_text("Message deleted")


async def test_a_scroll_that_comes_after_a_conversation_was_left_breaks_nothing(arrive: Arrive) -> None:
    """The browser tells of it with the next frame, and by then there may be nothing to measure."""
    anna, _ = await _two(arrive)
    await anna.page.evaluate("window.left = document.querySelector('[role=log]')")
    await anna.page.get_by_role("link", name="People").click()
    await expect(anna.page.get_by_role("log")).to_have_count(0)
    await anna.page.evaluate("window.left.dispatchEvent(new Event('scroll'))")


async def _leaves(author: Visitor, other: Visitor) -> None:
    """The author deletes the secret, and nothing of it is left with either of the two."""
    await author.page.locator("article.mine[data-number]:not(:has(.quote))", has_text=SECRET).focus()
    await author.page.keyboard.press("d")
    await author.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(author.page.get_by_role("dialog")).to_have_count(0)

    async def gone() -> bool:
        return await traces(author, SECRET) == await traces(other, SECRET) == []

    await until(gone)
    await expect(other.page.get_by_role("article", name=re.compile("Message deleted")).last).to_be_visible()


async def test_an_edit_by_the_arrow_is_seen_by_both_and_by_the_list(arrive: Arrive) -> None:
    anna, ben = await _two(arrive)
    await ben.say("I am at the staton")
    await anna.sees("I am at the staton")
    await expect(ben.page.locator("article.mine[data-number]").last).to_contain_text("I am at the staton")
    await ben.composer.press("ArrowUp")
    await expect(ben.composer).to_have_value("I am at the staton")
    await expect(ben.page.get_by_text("You are editing a message")).to_be_visible()
    await ben.composer.fill("I am at the station")
    await ben.composer.press("Enter")
    await expect(ben.composer).to_have_value("")
    for one in (anna, ben):
        article = one.page.get_by_role("article", name=re.compile("I am at the station, edited"))
        await expect(article).to_be_visible()
        await expect(one.page.get_by_role("region", name="Conversations")).to_contain_text("I am at the station")
        assert await one.texts() == ["hello", "I am at the station"]
    # left as it was: what was being typed stands there again
    await ben.composer.fill("something new")
    await ben.page.locator("article.mine[data-number]").last.focus()
    await ben.page.keyboard.press("e")
    await expect(ben.composer).to_have_value("I am at the station")
    await ben.composer.press("Escape")
    await expect(ben.composer).to_have_value("something new")


async def test_a_message_is_found_by_a_word_and_jumped_to(arrive: Arrive) -> None:
    anna, ben = await _two(arrive)
    await ben.say("We meet at the harbour café")
    await ben.say("Or elsewhere")
    await anna.sees("Or elsewhere")
    hit = anna.page.locator("a.hit")

    async def found() -> bool:
        # what was said a moment ago is found a little later
        await anna.visit("/search")
        await anna.page.get_by_label("Words").fill("cafe")
        await expect(anna.page.locator("a.hit, .sheetlike p.muted:not(.hint)").first).to_be_visible()
        return await hit.count() == 1

    await until(found)
    await expect(hit.locator("mark")).to_have_text("café")
    await hit.click()
    await expect(anna.page).to_have_url(re.compile(r"/c/d~[^/]*/\d+$"))
    await anna.sees("We meet at the harbour café")
    await anna.page.get_by_role("button", name="Today").click()
    await anna.page.get_by_role("dialog").get_by_role("button", name="Go there").click()
    await expect(anna.page.get_by_role("dialog")).to_have_count(0)
    await expect(anna.page.locator("article", has_text="hello").first).to_be_in_viewport()

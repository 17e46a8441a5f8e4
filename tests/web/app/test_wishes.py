"""Edits and deletions asked for without a line: kept on disk, in order with what is written, shown as waiting; and why
one was refused."""

import re

from playwright.async_api import expect
from tests.web.app.conftest import Arrive
from tests.web.app.traces import kept
from tests.web.app.visitor import Visitor, until
from tests.web.gate import Gate


async def _two(arrive: Arrive, line: Gate, *said: str) -> tuple[Visitor, Visitor]:
    """Anna, whose line can be cut, and Ben, in one conversation in which Anna has said this."""
    anna, ben = await arrive(url=lambda: line.url), await arrive()
    await anna.sign_up("anna", "Anna")
    await ben.sign_up("ben", "Ben")
    await anna.begin_with("ben", "Ben")
    for text in said:
        await anna.say(text)
    await ben.open("Anna")
    await ben.sees(said[-1])
    await expect(anna.page.locator("article[data-number]")).to_have_count(len(said))
    return anna, ben


async def _cut(anna: Visitor, line: Gate) -> None:
    anna.may_be_alone = True
    line.cut()
    await expect(anna.page.get_by_text("You are offline.")).to_be_visible()


async def _edit(visitor: Visitor, text: str, new: str) -> None:
    """Give the message with this text other words, by keys."""
    await visitor.page.locator("article.mine[data-number]", has_text=text).focus()
    await visitor.page.keyboard.press("e")
    await expect(visitor.composer).to_have_value(text)
    await visitor.composer.fill(new)
    await visitor.composer.press("Enter")
    await expect(visitor.composer).to_have_value("")


async def _erase(visitor: Visitor, text: str) -> None:
    await visitor.page.locator("article.mine[data-number]", has_text=text).focus()
    await visitor.page.keyboard.press("d")
    await visitor.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(visitor.page.get_by_role("dialog")).to_have_count(0)


async def test_what_was_asked_for_offline_survives_a_reload_and_goes_out_in_its_order(
    arrive: Arrive, line: Gate
) -> None:
    anna, ben = await _two(arrive, line, "at the staton", "my password", "hello")
    await anna.page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    await _cut(anna, line)
    await _edit(anna, "at the staton", "at the stasion")
    await _edit(anna, "at the stasion", "at the station")
    await _erase(anna, "my password")
    await anna.say("written after it")
    for _ in range(2):
        await expect(anna.page.get_by_role("article", name="at the station, edited, sending")).to_be_visible()
        await expect(anna.page.get_by_role("article", name="Being deleted, sending")).to_be_visible()
        assert await anna.texts() == ["at the station", "hello", "written after it"]
        # what it waits for is on disk: a page that is loaded anew shows the same, with no line still
        await anna.page.reload()
        await expect(anna.page.get_by_text("You are offline.")).to_be_visible()
    assert await ben.texts() == ["at the staton", "my password", "hello"]
    line.mend()

    for one in (anna, ben):
        await one.sees("written after it")
        await expect(one.page.get_by_role("article", name="at the station, edited")).to_be_visible()
        await expect(one.page.get_by_role("article", name="Message deleted")).to_be_visible()
        assert await one.texts() == ["at the station", "hello", "written after it"]
    await expect(anna.page.get_by_role("article", name="sending")).to_have_count(0)

    async def gone() -> bool:
        return not (await kept(anna.page, "my password") or await kept(anna.page, "stasion"))

    await until(gone)


async def test_an_edit_that_is_refused_says_why_and_gives_its_words_back(arrive: Arrive, line: Gate) -> None:
    anna, ben = await _two(arrive, line, "as it was", "another")
    await _cut(anna, line)
    await _edit(anna, "as it was", "as it should be")
    await _erase(anna, "another")
    await ben.page.get_by_role("button", name="About this conversation").click()
    await ben.page.get_by_role("complementary").get_by_role("button", name=re.compile("^Block")).click()
    await ben.page.get_by_role("dialog").get_by_role("button", name=re.compile("^Block")).click()
    await expect(ben.page.get_by_role("dialog")).to_have_count(0)
    line.mend()

    refused = anna.page.get_by_text(re.compile("^Not changed[.]"))
    await expect(refused).to_be_visible()
    await anna.sees("as it was")
    # a deletion takes away, and is refused nobody
    await expect(ben.page.get_by_role("article", name="Message deleted")).to_be_visible()
    await anna.page.get_by_role("button", name="All right").click()
    await expect(refused).to_have_count(0)

    async def forgotten() -> bool:
        return not await kept(anna.page, "as it should be")

    await until(forgotten)
    assert await anna.texts() == await ben.texts() == ["as it was"]

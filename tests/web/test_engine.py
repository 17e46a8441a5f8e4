"""The engine in a real browser: one leader among tabs, and every line once and in order, whatever is closed or
killed."""

from pathlib import Path
from typing import Final

from playwright.async_api import async_playwright
from prove.process import ServerProcess
from tests.web.browsers import chromium, until
from tests.web.long.kills import kills, table
from tests.web.tabs import ONLINE, leaders, me, open_tab, sign_up, write

KILLS: Final = 3


async def test_tabs_have_one_leader_and_closing_it_passes_the_lead_on(page_server: ServerProcess) -> None:
    async with chromium() as browser:
        anna = await browser.new_context()
        ben = await sign_up(await browser.new_context(), page_server.url, "ben")
        first = await sign_up(anna, page_server.url, "anna")
        second = await open_tab(anna, page_server.url)
        await until(second, ONLINE)
        assert len(await leaders(second)) == 1
        conversation = await first.evaluate("(other) => engine.directWith(other)", await me(ben))
        await write(second, conversation, ["by the second"])
        await until(ben, "() => engine.unread.now === 1")
        await first.close()
        await write(second, conversation, ["after the first went"])
        await until(ben, "() => engine.unread.now === 2")
        await until(second, ONLINE)
        assert len(await leaders(second)) == 1


async def test_a_browser_killed_while_it_sends_loses_and_doubles_nothing(
    page_server: ServerProcess, tmp_path: Path
) -> None:
    """Killed without a warning, started on the same profile, three times: what was kept is sent, once, in order. Its
    log-in may be lost, as a browser writes cookies late; then a new device takes over what the old one had not sent.
    `make web-prove` kills it ten times."""
    async with async_playwright() as playwright:
        found = await kills(playwright, page_server.url, tmp_path, rounds=KILLS, seed=7)
    print(table(found))
    for one in found:
        assert one.good, one
    assert len(found) == KILLS

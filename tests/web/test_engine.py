"""The engine in a real browser: one leader among tabs, and every line once and in order, whatever is closed or
killed."""

from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright
from prove.process import ServerProcess
from tests.web.browsers import chromium, kill_browser, on_profile, until
from tests.web.tabs import ONLINE, leaders, log_in, me, open_tab, said, sign_up, write


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
    """Killed without a warning, started on the same profile: what was kept is sent, once, in order. Its log-in may be
    lost, as a browser writes cookies late; then a new device takes over what the old one had not sent."""
    profile = tmp_path / "profile"
    texts = [f"line {n}" for n in range(200)]
    async with async_playwright() as playwright, chromium() as other:
        ben = await sign_up(await other.new_context(), page_server.url, "ben")
        context = await on_profile(playwright, profile)
        page = await sign_up(context, page_server.url, "anna")
        conversation = await page.evaluate("(other) => engine.directWith(other)", await me(ben))
        kept: list[str] = []
        for text in texts[:100]:
            await write(page, conversation, [text])
            kept.append(text)
        kill_browser(profile)
        context = await on_profile(playwright, profile)
        page = await open_tab(context, page_server.url)
        await until(page, f"() => engine.session.now.state === 'out' || ({ONLINE})()")
        if await page.evaluate("() => engine.session.now.state") == "out":
            waiting: dict[str, Any] | None = await page.evaluate("() => engine.unsent()")
            assert waiting is None or waiting["name"] == "anna"
            await log_in(page, "anna")
            await until(page, ONLINE)
        await write(page, conversation, texts[100:])
        sent = await said(page, conversation, len(texts))
        assert sent == texts
        await until(ben, "(id) => engine.conversation(id).now?.head === 200", conversation)
        await context.close()

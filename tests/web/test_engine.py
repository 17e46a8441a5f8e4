"""The engine in a real browser: one leader among tabs, whatever happens to it, and every line once and in order."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright
from prove.process import ServerProcess
from tests.web.browsers import chromium, kill_browser, on_profile, process_of, until
from tests.web.tabs import ONLINE, log_in, me, open_tab, said, sign_up, write


async def _leaders(page: Page) -> list[str]:
    held: list[str] = await page.evaluate(
        "async () => (await navigator.locks.query()).held.filter((one) => one.name === 'chinwag.engine')"
        ".map((one) => one.clientId)"
    )
    return held


async def _empty(page: Page, conversation: str) -> None:
    """Wait until nothing of the conversation is unsent."""
    await until(page, "(id) => engine.conversation(id).now?.last?.kind === 'message'", conversation, "an empty outbox")


async def test_tabs_have_one_leader_and_closing_it_passes_the_lead_on(page_server: ServerProcess) -> None:
    async with chromium() as browser:
        anna = await browser.new_context()
        ben = await sign_up(await browser.new_context(), page_server.url, "ben")
        first = await sign_up(anna, page_server.url, "anna")
        second = await open_tab(anna, page_server.url)
        await until(second, ONLINE)
        assert len(await _leaders(second)) == 1
        conversation = await first.evaluate("(other) => engine.directWith(other)", await me(ben))
        await write(second, conversation, ["by the second"])
        await until(ben, "() => engine.unread.now === 1")
        await first.close()
        await write(second, conversation, ["after the first went"])
        await until(ben, "() => engine.unread.now === 2")
        await until(second, ONLINE)
        assert len(await _leaders(second)) == 1


@pytest.mark.web_prove
@pytest.mark.parametrize("busy", [False, True], ids=["at rest", "while it writes"])
async def test_a_leader_that_stands_still_is_replaced_and_does_no_harm_when_it_wakes(
    busy: bool, page_server: ServerProcess
) -> None:
    """Its process is stopped wherever it happens to be. In the middle of a transaction it holds the database: then all
    wait, which the banner says; otherwise another one leads before it wakes."""
    async with chromium() as browser:
        ben = await sign_up(await browser.new_context(), page_server.url, "ben")
        anna = await browser.new_context()
        first = await sign_up(anna, page_server.url, "anna")
        process = await process_of(browser, first)
        second = await open_tab(anna, page_server.url)
        await until(second, ONLINE)
        [leader] = await _leaders(second)
        conversation = await first.evaluate("(other) => engine.directWith(other)", await me(ben))
        mine = [f"first {n}" for n in range(50)]
        others = [f"second {n}" for n in range(10)]
        if busy:
            # Not waited for: lines are being kept and sent while it stops.
            await first.evaluate(
                "([id, texts]) => { (async () => { for (const text of texts) await engine.send(id, { text }) })() }",
                [conversation, mine],
            )
        else:
            await write(first, conversation, mine)
            await _empty(second, conversation)
        os.kill(process, signal.SIGSTOP)
        try:
            await second.bring_to_front()
            writing = asyncio.ensure_future(write(second, conversation, others))
            await until(second, LEADS_OTHER, leader, "another leader")
            if busy:
                await until(second, WAITS_OR_LEADS, leader)
            else:
                assert len(await said(second, conversation, 60)) == 60
        finally:
            os.kill(process, signal.SIGCONT)
        await writing
        texts = await said(second, conversation, 60)
        assert sorted(texts) == sorted(mine + others)
        assert [text for text in texts if text in mine] == mine
        assert [text for text in texts if text in others] == others
        # It woke, and leads no longer: what is written in it goes out all the same, once.
        await write(first, conversation, ["awake"])
        assert (await said(second, conversation, 61)).count("awake") == 1
        assert len(await _leaders(second)) == 1


WAITS_OR_LEADS = """async () => {
  if (engine.connection.now.trouble === "storage_slow") return true;
  const path = "/v1/me";
  return Promise.race([
    engine.http({ method: "GET", path }).then(() => true, () => false),
    new Promise((resolve) => setTimeout(() => resolve(false), 1000)),
  ]);
}"""
LEADS_OTHER = """async (leader) => {
  const { held } = await navigator.locks.query();
  return held.some((one) => one.name === "chinwag.engine" && one.clientId !== leader);
}"""


@pytest.mark.web_prove
async def test_two_windows_side_by_side_settle_on_one(page_server: ServerProcess) -> None:
    """The leader stands still, and both others see it at once."""
    async with chromium() as browser:
        anna = await browser.new_context()
        first = await sign_up(anna, page_server.url, "anna")
        process = await process_of(browser, first)
        pages = [await open_tab(anna, page_server.url) for _ in range(2)]
        [leader] = await _leaders(pages[0])
        os.kill(process, signal.SIGSTOP)
        try:
            for page in pages:
                await until(page, LEADS_OTHER, leader, "another leader")
                await until(page, ONLINE)
            numbers = await _leaderships(pages[0])
            # Nobody takes the lead from it again.
            await asyncio.gather(
                *(
                    until(page, "() => performance.now() > (globalThis.begun ??= performance.now()) + 8000")
                    for page in pages
                )
            )
            assert await _leaderships(pages[0]) == numbers
        finally:
            os.kill(process, signal.SIGCONT)
        await until(first, ONLINE)


async def _leaderships(page: Page) -> int:
    """How often the lead was taken."""
    return int(
        await page.evaluate(
            """async () => {
              const name = `chinwag.account.${engine.session.now.me.id}`;
              const open = await new Promise((resolve, reject) => {
                const asked = indexedDB.open(name);
                asked.onsuccess = () => resolve(asked.result);
                asked.onerror = () => reject(asked.error);
              });
              const asked = open.transaction("state").objectStore("state").get("leadership");
              await new Promise((resolve) => { asked.onsuccess = resolve });
              open.close();
              return asked.result;
            }"""
        )
    )


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

"""A leader that stands still, frozen by its browser or stopped by the system: another one takes the lead, and when the
first wakes, every line is there once and in order."""

import asyncio
from typing import Final

import pytest
from playwright.async_api import Browser, Page
from prove.process import ServerProcess
from tests.web.bare import BareContext
from tests.web.browsers import Driven, until
from tests.web.gate import Gate
from tests.web.stopping import engine_of, process_of, stopped
from tests.web.tabs import ONLINE, another_leads, join, leaders, leaderships, me, open_tab, said, sign_up, write

MINE: Final = [f"first {n}" for n in range(50)]
OTHERS: Final = [f"second {n}" for n in range(10)]
SECONDS: Final = 10
NOT_ONLINE: Final = "() => engine.connection.now.state !== 'online'"
READY: Final = "() => globalThis.engine?.session.now.state === 'in'"


async def passed(page: Driven, seconds: float) -> None:
    """Wait until a page's own clock has gone on for so long: what stands still meanwhile has stood for that long."""
    begun = float(await page.evaluate("() => performance.now()"))
    await until(page, "(end) => performance.now() >= end", begun + 1000 * seconds)


async def begun(first: Driven, other: Driven) -> str:
    """The conversation with somebody, in which a first line is said."""
    conversation = str(await first.evaluate("(other) => engine.directWith(other)", await me(other)))
    await write(first, conversation, ["before"])
    await said(other, conversation, 1)
    return conversation


async def cut_off(gate: Gate, first: Driven, conversation: str) -> None:
    """Write fifty lines that cannot go out."""
    gate.cut()
    await until(first, NOT_ONLINE)
    await write(first, conversation, MINE)


async def all_once(first: Driven, second: Driven, conversation: str) -> None:
    """The first one, awake, leads no longer; what is written in it goes out all the same, and nothing went twice."""
    await write(first, conversation, ["awake"])
    await until(second, ONLINE)
    texts = await said(second, conversation, 62)
    assert sorted(texts) == sorted(["before", *MINE, *OTHERS, "awake"])
    assert [text for text in texts if text in MINE] == MINE
    assert [text for text in texts if text in OTHERS] == OTHERS
    assert len(await leaders(second)) == 1


async def test_a_frozen_leader_is_replaced_and_does_no_harm_when_it_thaws(
    page_server: ServerProcess, gate: Gate, browser: Browser
) -> None:
    """A browser freezes a tab that nobody looks at, with fifty lines unsent; the person goes on in another."""
    ben = await sign_up(await browser.new_context(), page_server.url, "ben")
    profile = await BareContext.begin(browser)
    first = await profile.open(gate.url)
    await join(first, "anna")
    conversation = await begun(first, ben)
    second = await profile.open(gate.url)
    await until(second, READY)
    await until(second, ONLINE)
    [leader] = await leaders(second)
    await cut_off(gate, first, conversation)
    await second.show()
    await first.freeze(second)
    writing = asyncio.ensure_future(write(second, conversation, OTHERS))
    gate.mend()
    # It is taken from a leader that says nothing, and so from none whose engine still runs.
    await another_leads(second, leader)
    await passed(second, SECONDS)
    await writing
    texts = await said(second, conversation, 61)
    assert texts[:51] == ["before", *MINE], "what the first one wrote went out while it was frozen"
    await first.thaw()
    await all_once(first, second, conversation)


@pytest.mark.web_prove
async def test_a_stopped_leader_is_replaced_and_does_no_harm_when_it_goes_on(
    page_server: ServerProcess, gate: Gate, browser: Browser
) -> None:
    """The same, and the system stops the whole process, as when a laptop sleeps."""
    ben, first, second = await three(browser, page_server, gate)
    process = await apart(browser, first, second)
    conversation = await begun(first, ben)
    [leader] = await leaders(second)
    await cut_off(gate, first, conversation)
    async with stopped(process, first, second):
        writing = asyncio.ensure_future(write(second, conversation, OTHERS))
        gate.mend()
        await another_leads(second, leader)
        await passed(second, SECONDS)
        await writing
        texts = await said(second, conversation, 61)
        assert texts[:51] == ["before", *MINE], "what the first one wrote went out while it stood still"
    await all_once(first, second, conversation)


HOLD: Final = """() => {
  const put = IDBObjectStore.prototype.put;
  const tell = new BroadcastChannel("test");
  IDBObjectStore.prototype.put = function (...row) {
    const asked = put.apply(this, row);
    if (this.name !== "outbox" && this.name !== "conversations") return asked;
    // Its transaction is open: it stays so until this process has been stopped.
    IDBObjectStore.prototype.put = put;
    tell.postMessage("inside");
    for (let last = performance.now(); ; ) {
      const now = performance.now();
      if (now - last > 5000) return asked;
      last = now;
    }
  };
}"""
LISTEN: Final = """() => {
  new BroadcastChannel("test").onmessage = () => { globalThis.inside = true };
}"""


@pytest.mark.web_prove
async def test_a_leader_stopped_within_a_transaction_makes_all_wait_and_loses_nothing(
    page_server: ServerProcess, gate: Gate, browser: Browser
) -> None:
    """It holds the database, so nobody can write; the banner says so, and when it goes on all is done once."""
    ben, first, second = await three(browser, page_server, gate)
    process = await apart(browser, first, second)
    conversation = await begun(first, ben)
    [leader] = await leaders(second)
    await cut_off(gate, first, conversation)
    await second.evaluate(LISTEN)
    await engine_of(first).evaluate(HOLD)
    gate.mend()
    await until(second, "() => globalThis.inside === true", what="the middle of a transaction")
    async with stopped(process, first, second, busy=True):
        writing = asyncio.ensure_future(write(second, conversation, OTHERS))
        await another_leads(second, leader)
        await until(second, "() => engine.connection.now.trouble === 'storage_slow'")
        await passed(second, SECONDS)
        assert not writing.done(), "the database was not held, so it was not stopped within a transaction"
    await writing
    await until(second, "() => engine.connection.now.trouble === null")
    await all_once(first, second, conversation)


@pytest.mark.web_prove
async def test_two_windows_side_by_side_settle_on_one(page_server: ServerProcess, gate: Gate, browser: Browser) -> None:
    """The leader stands still, and both others see it at once."""
    _, first, second = await three(browser, page_server, gate)
    third = await open_tab(first.context, gate.url)
    process = await apart(browser, first, second, third)
    [leader] = await leaders(second)
    async with stopped(process, first, second):
        for page in (second, third):
            await another_leads(page, leader)
            await until(page, ONLINE)
        taken = await leaderships(second)
        # Nobody takes the lead from it again.
        await asyncio.gather(passed(second, 8), passed(third, 8))
        assert await leaderships(second) == taken
    await until(first, ONLINE)
    assert len(await leaders(second)) == 1


async def three(browser: Browser, server: ServerProcess, gate: Gate) -> tuple[Page, Page, Page]:
    """Ben, and two tabs of Anna's, of which the first leads."""
    ben = await sign_up(await browser.new_context(), server.url, "ben")
    anna = await browser.new_context()
    first = await sign_up(anna, gate.url, "anna")
    second = await open_tab(anna, gate.url)
    await until(second, ONLINE)
    return ben, first, second


async def apart(browser: Browser, first: Page, *others: Page) -> int:
    """The process of the first of these tabs, in which none of the others runs."""
    process = await process_of(browser, first)
    for other in others:
        assert await process_of(browser, other) != process, "tabs that share a process stop together"
    return process

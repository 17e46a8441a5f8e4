"""A tab's whole process stopped by the system, with the proof that it was that tab's and that nothing of it ran."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from typing import Final

from playwright.async_api import Browser, Page, Worker

TURN_MS: Final = 500
CLEAR: Final = 3
"""How many times as busy as any other a process must have been, and how often in a row."""

BEAT: Final = """() => {
  let last = performance.now();
  let longest = 0;
  globalThis.stood = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    return longest / 1000;
  };
  setInterval(globalThis.stood, 50);
}"""


async def process_of(browser: Browser, page: Page) -> int:
    """The process that a page runs in: no protocol says so, but it is the one that works when the page does."""
    session = await browser.new_browser_cdp_session()

    async def worked() -> dict[int, float]:
        found = await session.send("SystemInfo.getProcessInfo")
        return {one["id"]: one["cpuTime"] for one in found["processInfo"] if one["type"] == "renderer"}

    turn = f"() => {{ const end = performance.now() + {TURN_MS}; while (performance.now() < end); }}"
    seen: list[int] = []
    while len(seen) < CLEAR:
        before = await worked()
        await page.evaluate(turn)
        after = await worked()
        # In hundredths of a second. Others work too, now and then: what counts is who does each time.
        by = sorted((round(100 * (after[one] - before.get(one, after[one]))), one) for one in after)
        [*_, second, (most, process)] = [(0, 0), *by]
        clear = most > CLEAR * max(1, second[0]) and process in (seen or [process])
        seen = [*seen, process] if clear else []
    await session.detach()
    return seen[0]


def engine_of(page: Page) -> Worker:
    """The worker in which a page's engine runs."""
    [worker] = [one for one in page.workers if "engine" in one.url]
    return worker


@contextlib.asynccontextmanager
async def stopped(process: int, page: Page, other: Page, *, busy: bool = False) -> AsyncIterator[None]:
    """Stop the process of `page`, and let it go on. Its engine stood still for longer than that of `other` ever did,
    or the wrong one was stopped. `busy`: it answers nothing just now, and stands still in other ways too."""
    for one in (other,) if busy else (page, other):
        await engine_of(one).evaluate(BEAT)
    began = asyncio.get_running_loop().time()
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        lasted = asyncio.get_running_loop().time() - began
        os.kill(process, signal.SIGCONT)
    if busy:
        return
    stood = float(await engine_of(page).evaluate("() => globalThis.stood()"))
    went = float(await engine_of(other).evaluate("() => globalThis.stood()"))
    assert stood >= 0.9 * lasted, f"the engine of a stopped page stood still for {stood} s of {lasted}"
    assert went < stood, f"the other page stood still as long: {went} s"

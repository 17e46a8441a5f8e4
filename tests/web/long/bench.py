"""Measure what a person waits for: `make web-bench`. Nothing is judged; beside the figures stands an empty page's."""

import argparse
import asyncio
import importlib
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, BrowserContext, Page
from prove.process import ServerProcess
from tests.web.app.scrolling import SIZE
from tests.web.app.scrolling import who as who_is
from tests.web.app.visitor import Visitor, visitor_in
from tests.web.browsers import chromium
from tests.web.bulk import ROOT
from tests.web.gate import Gate

CONVERSATIONS: Final = 300
SCREENFUL: Final = 12
"""Rows of the list that the window shows: with them it can be used."""
MESSAGES: Final = 40
SWITCHES: Final = 1_000
EMPTY: Final = b"<!doctype html><title>empty</title><a href=/c/1>nothing else</a>"

Row = tuple[str, str, str]


async def _histories(folder: Path, anna: tuple[str, str]) -> None:
    """As many conversations as a busy person has, each with some messages."""
    if (path := str(ROOT / "bench")) not in sys.path:
        sys.path.append(path)
    data: Any = importlib.import_module("data")
    people = await data.make_people(folder, CONVERSATIONS)
    async with data.opened(folder) as book:
        for one in people:
            await book.write(book.direct(one, data.Person(*anna)), one, MESSAGES)


async def _empty_page(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(EMPTY)
    writer.write(head + EMPTY)
    await writer.drain()
    writer.close()


async def _navigations(context: BrowserContext, url: str, links: int, rounds: int) -> list[float]:
    """Milliseconds from the start of a navigation until so many links are painted, in a tab of its own each time."""
    found = []
    for _ in range(rounds):
        page = await context.new_page()
        await page.add_init_script(PAINTED.replace("LINKS", str(links)))
        await page.goto(url)
        found.append(float(await page.evaluate("() => globalThis.painted")))
        await page.close()
    return found


PAINTED: Final = """globalThis.painted = new Promise((resolve) => {
  const look = () => {
    if (document.querySelectorAll('a[href^="/c/"]').length < LINKS) requestAnimationFrame(look);
    else requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => resolve(performance.now());
      port2.postMessage(null);
    });
  };
  requestAnimationFrame(look);
});
globalThis.tasks = [];
new PerformanceObserver((list) => globalThis.tasks.push(...list.getEntries().map((one) => one.duration)))
  .observe({ type: "longtask", buffered: true });"""
AFTER_PAINT: Final = """
  const afterPaint = () => new Promise((resolve) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve(performance.now());
    port2.postMessage(null);
  }));
"""
SWITCH: Final = (
    """async (count) => {"""
    + AFTER_PAINT
    + """
  const links = [...document.querySelectorAll('a[href^="/c/"]')].slice(0, 100).map((one) => one.getAttribute("href"));
  const found = [];
  for (let n = 0; n < count; n += 1) {
    const href = links[n % links.length];
    const before = document.querySelector(".log article")?.dataset.key;
    const began = performance.now();
    document.querySelector(`a[href="${href}"]`).click();
    let now = await afterPaint();
    while (location.pathname !== href || document.querySelector(".log article[data-number]") === null) {
      now = await afterPaint();
    }
    found.push(now - began);
  }
  return found;
}"""
)
KEYS: Final = (
    """() => {"""
    + AFTER_PAINT
    + """
  globalThis.keys = [];
  document.querySelector("textarea").addEventListener("input", (event) => {
    void afterPaint().then((now) => globalThis.keys.push(now - event.timeStamp));
  });
}"""
)
SENT: Final = """() => document.querySelector("textarea").addEventListener("keydown", (event) => {
  if (event.key === "Enter") globalThis.sent = performance.timeOrigin + event.timeStamp;
}, true)"""
DRAWN: Final = (
    """async (text) => {"""
    + AFTER_PAINT
    + """
  while (![...document.querySelectorAll("article .text")].some((one) => one.textContent.includes(text))) {
    await afterPaint();
  }
  return performance.timeOrigin + (await afterPaint());
}"""
)


async def _memory(page: Page) -> tuple[float, int]:
    """Megabytes of the page's scripts once what is not used is swept away, and nodes of its documents."""
    session = await page.context.new_cdp_session(page)
    await session.send("HeapProfiler.collectGarbage")
    await session.send("Performance.enable")
    said = {one["name"]: one["value"] for one in (await session.send("Performance.getMetrics"))["metrics"]}
    await session.detach()
    return said["JSHeapUsedSize"] / 1e6, int(said["Nodes"])


async def _measured(browser: Browser, server: ServerProcess, rounds: int, switches: int) -> list[Row]:
    complaints: list[str] = []
    gate = Gate(lambda: server.url)
    await gate.start()
    empty = await asyncio.start_server(_empty_page, "127.0.0.1", 0)
    try:
        await server.start()
        anna = await _arrived(browser, gate.url, complaints)
        await anna.sign_up("anna", "Anna")
        known = await who_is(anna)
        await anna.page.context.close()
        await server.stop()
        await _histories(server.data, known)
        await server.start()
        anna = await _arrived(browser, gate.url, complaints)
        await anna.log_in("anna")
        links = CONVERSATIONS
        await anna.page.locator('a[href^="/c/"]').nth(links - 1).wait_for()
        ben = await _arrived(browser, gate.url, complaints)
        await ben.sign_up("ben", "Ben")
        rows: list[Row] = []
        port = empty.sockets[0].getsockname()[1]
        bare = await _navigations(anna.page.context, f"http://127.0.0.1:{port}/", 1, rounds)
        rows.append(("an empty page, navigation to painted", _ms(bare), ""))
        usable = await _navigations(anna.page.context, gate.url, SCREENFUL, rounds)
        rows.append((f"a screenful of {links} conversations from cache, navigation to painted", _ms(usable), "300 ms"))
        full = await _navigations(anna.page.context, gate.url, links, rounds)
        rows.append((f"all {links} of them", _ms(full), ""))
        await anna.page.add_init_script(PAINTED.replace("LINKS", str(links)))
        await anna.visit()
        await anna.page.evaluate("() => globalThis.painted")
        await anna.page.evaluate(SWITCH, 100)  # each of a hundred is opened once, and then cached
        rows.append(
            ("another conversation from cache, click to painted", _ms(await _switched(anna.page, 100)), "100 ms")
        )
        before = await _memory(anna.page)
        await _switched(anna.page, switches)
        after = await _memory(anna.page)
        rows.append((f"memory of the page after {switches} more switches", f"{after[0]:.1f} MB, {after[1]} nodes", ""))
        rows.append(("before them", f"{before[0]:.1f} MB, {before[1]} nodes", ""))
        await anna.begin_with("ben", "Ben")
        rows.extend(await _talked(anna, ben, rounds))
        tasks = await anna.page.evaluate("() => globalThis.tasks")
        rows.append(("longest task of all this", f"{max(tasks, default=0):.0f} ms, {len(tasks)} over 50 ms", "200 ms"))
        return [*rows, *((f"a console said: {one}", "", "") for one in complaints)]
    finally:
        empty.close()
        await gate.stop()


async def _talked(anna: Visitor, ben: Visitor, rounds: int) -> list[Row]:
    await anna.say("hello")
    await ben.open("Anna")
    await ben.sees("hello")
    await anna.page.evaluate(KEYS)
    await anna.page.evaluate(SENT)
    await anna.composer.press_sequentially("the quick brown fox jumps over the lazy dog")
    await anna.composer.fill("")
    found = []
    for number in range(rounds * 4):
        text = f"measured {number}."
        drawn = asyncio.ensure_future(ben.page.evaluate(DRAWN, text))
        await anna.say(text)
        found.append(float(await drawn) - float(await anna.page.evaluate("() => globalThis.sent")))
    keys = await anna.page.evaluate("() => globalThis.keys")
    return [
        ("a key pressed to painted", _ms(keys), ""),
        ("a message sent to painted in the other browser", _ms(found), ""),
    ]


async def _switched(page: Page, count: int) -> list[float]:
    found: list[float] = await page.evaluate(SWITCH, count)
    return found


async def _arrived(browser: Browser, url: str, complaints: list[str]) -> Visitor:
    return await visitor_in(await browser.new_context(viewport=SIZE), complaints, lambda: url)


def _ms(found: Sequence[float]) -> str:
    ordered = sorted(found)
    return f"{statistics.median(ordered):.0f} ms (worst of {len(ordered)}: {ordered[-1]:.0f})"


async def _run(folder: Path, rounds: int, switches: int) -> list[Row]:
    server = ServerProcess(folder / "data", command=(sys.executable, "-m", "tests.support.quick_server"), cwd=ROOT)
    try:
        async with chromium() as browser:
            return await _measured(browser, server, rounds, switches)
    finally:
        server.end()


def main() -> int:
    """Run it and print the table."""
    wish = argparse.ArgumentParser(prog="make web-bench", description=__doc__)
    wish.add_argument("--rounds", type=int, default=7, help="how often a page is opened")
    wish.add_argument("--switches", type=int, default=SWITCHES, help="how often conversations are changed for memory")
    said = wish.parse_args()
    with tempfile.TemporaryDirectory(prefix="chinwag-web-bench-") as folder:
        rows = asyncio.run(_run(Path(folder), said.rounds, said.switches))
    print("| what | median | aim |\n|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())

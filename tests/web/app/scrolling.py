"""Walk through a long conversation as a restless reader does, and measure each frame as it is painted."""

import asyncio
import contextlib
import itertools
from typing import Any, Final

import msgspec
from playwright.async_api import Browser
from playwright.async_api import TimeoutError as WaitedTooLongError
from prove.process import ServerProcess
from tests.web.app.visitor import Visitor, visitor_in
from tests.web.bulk import varied, write_direct
from tests.web.gate import Gate

MOST_PIXELS: Final = 2
MOST_ROWS: Final = 400
SPAN: Final = 300
"""Numbers that a walk must see between its first and its last: more than the pages that it begins with."""
LONGEST: Final = 20
"""How many times as many frames a walk may take until it has met what it is about."""
SIZE: Final[Any] = {"width": 1280, "height": 800}


class Walk(msgspec.Struct, frozen=True):
    """What the frames of one walk showed."""

    place: str
    frames: int
    moved: float
    """Pixels that the line being read moved, at most, but for the reader's own scrolling."""
    rows: int
    """Rows in the document, at most."""
    broken: int
    """Frames in which a number was missing, or there twice, or out of order."""
    first: int
    last: int
    unfolded: int
    arrived: int
    """Messages that came meanwhile."""
    worst: str
    """The frame in which it moved most."""

    @property
    def met(self) -> bool:
        """Whether it met what it is about: messages that come, texts that unfold, and more pages than at the start."""
        return self.arrived > 0 and self.unfolded > 0 and self.last - self.first > SPAN

    @property
    def good(self) -> bool:
        """Whether the reader kept the place and all was there."""
        return self.moved <= MOST_PIXELS and self.rows <= MOST_ROWS and self.broken == 0


async def walks(
    browser: Browser, server: ServerProcess, count: int, frames: int, complaints: list[str]
) -> tuple[Walk, Walk]:
    """Ben has written `count` messages to Anna. She walks in the middle and near the end, `frames` in each and on until
    she has met what this is about, while he goes on writing."""
    await server.start()
    # The server comes back on another port; before it stands one address.
    gate = Gate(lambda: server.url)
    await gate.start()
    try:
        return await _walks(browser, server, gate.url, count, frames, complaints)
    finally:
        await gate.stop()


async def _walks(
    browser: Browser, server: ServerProcess, url: str, count: int, frames: int, complaints: list[str]
) -> tuple[Walk, Walk]:
    anna = await visitor_in(await browser.new_context(viewport=SIZE), complaints, lambda: url)
    ben = await visitor_in(await browser.new_context(viewport=SIZE), complaints, lambda: url)
    await anna.sign_up("anna", "Anna")
    await ben.sign_up("ben", "Ben")
    one, other = await who(ben), await who(anna)
    for visitor in (anna, ben):
        await visitor.page.context.close()
    assert await server.stop() == 0
    conversation = await write_direct(server.data, one, other, count, varied)
    await server.start()
    # Both come on new devices: the old ones would take all those messages one by one first.
    anna, ben = [await visitor_in(await browser.new_context(viewport=SIZE), complaints, lambda: url) for _ in range(2)]
    await ben.log_in("ben")
    await ben.open("Anna")
    # She has read nothing of it.
    await anna.log_in("anna")
    found: list[Walk] = []
    for place, number in (("middle", count // 2), ("near the newest", count - 40)):
        await anna.visit(f"/c/{conversation}/{number}")
        try:
            await anna.page.locator(f'article[data-number="{number}"]').wait_for()
        except WaitedTooLongError:
            print(await anna.described())
            raise
        walking = asyncio.ensure_future(anna.page.evaluate(WALK, [frames, frames * LONGEST, SPAN, 7]))
        writing = asyncio.ensure_future(_write_on(ben, anna))
        await asyncio.wait([walking, writing], return_when=asyncio.FIRST_COMPLETED)
        if not walking.done():
            await writing  # it ends by a failure alone
        said = await walking
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing
        found.append(msgspec.convert({**said, "place": place}, Walk))
    return found[0], found[1]


async def who(visitor: Visitor) -> tuple[str, str]:
    """Account and device, as the browser keeps them."""
    script = """async () => {
      const open = await new Promise((resolve, reject) => {
        const asked = indexedDB.open("chinwag");
        asked.onsuccess = () => resolve(asked.result);
        asked.onerror = () => reject(asked.error);
      });
      const asked = open.transaction("session").objectStore("session").get("current");
      await new Promise((resolve) => { asked.onsuccess = resolve });
      open.close();
      return [asked.result.me.id, asked.result.device];
    }"""
    account, device = await visitor.page.evaluate(script)
    return str(account), str(device)


async def _write_on(ben: Visitor, anna: Visitor) -> None:
    """Write one line after the other, and tell Anna's page of each."""
    for number in itertools.count():
        await ben.say(f"meanwhile {number}" + ("\nand more" * 40 if number % 5 == 0 else ""))
        await anna.page.evaluate("(count) => { globalThis.arrived = count }", number + 1)


WALK: Final = """async ([frames, most, span, seed]) => {
  const log = document.querySelector(".log");
  const field = document.querySelector("textarea");
  const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const topOf = (row) => row.getBoundingClientRect().top - log.getBoundingClientRect().top;
  const rows = () => [...log.querySelectorAll("[data-key]")];
  const read = () => rows().find((row) => topOf(row) >= 0 && topOf(row) < log.clientHeight) ?? null;
  const type = (text) => { field.value = text; field.dispatchEvent(new Event("input", { bubbles: true })) };

  // The last word before a frame is painted: an observer that is younger than all of the app's.
  const probe = document.body.appendChild(document.createElement("i"));
  Object.assign(probe.style, { position: "fixed", width: "1px", height: "1px", visibility: "hidden" });
  let painted = () => undefined;
  const observer = new ResizeObserver(() => painted());

  const found = {
    frames: 0, moved: 0, rows: 0, broken: 0, first: Infinity, last: 0, unfolded: 0, arrived: 0, worst: "",
  };
  globalThis.arrived = 0;
  const met = () => globalThis.arrived > 0 && found.unfolded > 0 && found.last - found.first > span;
  let reading = null;
  let speed = 0;
  const note = (row) => { reading = row === null ? null : { key: row.dataset.key, top: topOf(row) } };

  for (let frame = 0; frame < frames || (frame < most && !met()); frame += 1) {
    const phase = frame % 40;
    let act = "reads";
    await new Promise((resolve) => {
      painted = () => {
        const all = rows();
        const row = reading === null ? null : all.find((one) => one.dataset.key === reading.key) ?? null;
        // At the very end the newest shows itself: there the place is the end.
        const end = log.scrollHeight - log.scrollTop - log.clientHeight < 8;
        if (reading !== null && !end) {
          const moved = row === null ? Infinity : Math.abs(topOf(row) - reading.top);
          if (moved > found.moved) {
            found.moved = Math.min(moved, 1e9);
            found.worst = `frame ${frame}, who ${act} by ${speed}, row ${row?.dataset.number}`;
          }
        }
        const numbers = all.map((one) => Number(one.dataset.number)).filter((number) => number > 0);
        if (numbers.some((number, at) => at > 0 && number !== numbers[at - 1] + 1)) found.broken += 1;
        found.frames += 1;
        found.rows = Math.max(found.rows, all.length);
        found.first = Math.min(found.first, numbers[0]);
        found.last = Math.max(found.last, numbers.at(-1));
        resolve();
      };
      requestAnimationFrame(() => {
        if (phase === 0) speed = (random() < 0.6 ? -1 : 1) * [3, 17, 60, 240, 900][Math.floor(random() * 5)];
        const before = log.scrollTop;
        const kept = reading === null ? null : rows().find((row) => row.dataset.key === reading.key);
        if (phase < 30) {
          act = "scrolls";
          // What moved since the last frame is seen by the row that was read, before another one is.
          log.scrollTop = before + speed;
          const own = log.scrollTop - before;
          const end = log.scrollHeight - log.scrollTop - log.clientHeight < 8;
          const top = kept ? reading.top - own : -1;
          if (top >= 0 && top < log.clientHeight) reading = { key: reading.key, top };
          else note(end ? null : read());
          log.dispatchEvent(new Event("scroll"));
          if (end) speed = -Math.abs(speed) - 60;
        } else if (phase === 31) {
          act = "writes";
          type("a line\\n".repeat(1 + Math.floor(random() * 8)));
        } else if (phase === 34) {
          const fold = [...log.querySelectorAll("button.unfold")].find((one) => {
            const top = topOf(one);
            return top > 0 && top < log.clientHeight;
          });
          if (fold) {
            act = "unfolds";
            note(fold.closest("[data-key]"));
            fold.click();
            found.unfolded += 1;
          }
        } else if (phase === 37) {
          act = "clears";
          type("");
        }
        observer.unobserve(probe);
        observer.observe(probe);
      });
    });
  }
  Object.assign(found, { arrived: globalThis.arrived });
  observer.disconnect();
  probe.remove();
  return found;
}"""


def table(found: tuple[Walk, ...]) -> str:
    """As Markdown."""
    head = (
        "| where | frames | moved, px | rows | missing or twice | numbers | unfolded | came meanwhile |\n"
        "|---|---:|---:|---:|---:|---|---:|---:|\n"
    )
    return head + "".join(
        f"| {one.place} | {one.frames} | {one.moved:.2f} | {one.rows} | {one.broken} | {one.first:,} to {one.last:,} "
        f"| {one.unfolded} | {one.arrived} |\n"
        for one in found
    )

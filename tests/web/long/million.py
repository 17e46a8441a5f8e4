"""A conversation of a million messages, opened where a person may want to be, and walked through."""

from typing import Any

import msgspec
from prove.process import ServerProcess
from tests.web.browsers import chromium, until
from tests.web.bulk import person, write_direct
from tests.web.gate import Gate
from tests.web.tabs import ONLINE, me, open_tab, sign_up

MOST = 400
STEPS = 200


class Opened(msgspec.Struct, frozen=True):
    """One place, and how it was opened."""

    place: str
    ms: float
    rows: int
    first: int
    last: int
    whole: bool
    """Rising, none missing, none twice, and the place wanted among them."""


async def million(server: ServerProcess, count: int) -> list[Opened]:
    """Write it, and open it at its places, first time and from the cache; then walk up and down."""
    await server.start()
    gate = Gate(lambda: server.url)
    await gate.start()
    try:
        async with chromium() as browser:
            anna = await sign_up(await browser.new_context(), gate.url, "anna")
            ben = await sign_up(await browser.new_context(), gate.url, "ben")
            conversation = await anna.evaluate("(other) => engine.directWith(other)", await me(ben))
            # One has read everything up to the day she left, the rest came while she was away: her device is new.
            sender, other = await person(ben), await person(anna)
            await anna.context.close()
            await server.stop()
            await write_direct(server.data, sender, other, count)
            await server.start()
            await until(ben, ONLINE)
            page = await open_tab(await browser.new_context(), gate.url)
            await page.evaluate("() => engine.logIn('anna', 'a long password')")
            await until(page, "(id) => engine.conversation(id).now !== null", conversation)
            places: list[tuple[str, Any, int]] = [
                ("newest", "newest", count),
                ("middle", count // 2, count // 2),
                ("first unread", "unread", 1),
                ("a number", count // 3, count // 3),
                ("middle again", count // 2, count // 2),
            ]
            found = [await page.evaluate(OPEN, [conversation, name, place, wanted]) for name, place, wanted in places]
            found.append(await page.evaluate(WALK, [conversation, count // 2, STEPS]))
            return [msgspec.convert(one, Opened) for one in found]
    finally:
        await gate.stop()
        assert await server.stop() == 0


LOOK = """
  const look = (window, name, ms, wanted, whole) => {
    const numbers = window.now.rows.map((row) => row.number);
    const dense = numbers.every((number, at) => at === 0 || number === numbers[at - 1] + 1);
    return { place: name, ms, rows: numbers.length, first: numbers[0], last: numbers.at(-1),
             whole: whole && dense && numbers.length <= 400 && numbers.includes(wanted) };
  };
"""
OPEN = (
    "async ([id, name, place, wanted]) => {"
    + LOOK
    + """
  const began = performance.now();
  const window = engine.open(id, "newest");
  await window.jump(place);
  const found = look(window, name, performance.now() - began, wanted, true);
  window.close();
  return found;
}"""
)
WALK = (
    "async ([id, middle, steps]) => {"
    + LOOK
    + """
  const window = engine.open(id, middle);
  await window.jump(middle);
  let whole = true;
  const began = performance.now();
  for (let step = 0; step < steps; step += 1) {
    const up = Math.floor(step / 10) % 2 === 0;
    await (up ? window.showBefore(50) : window.showAfter(50));
    const numbers = window.now.rows.map((row) => row.number);
    whole &&= numbers.length <= 400 && numbers.every((number, at) => at === 0 || number === numbers[at - 1] + 1);
  }
  const ms = (performance.now() - began) / steps;
  const found = look(window, `${steps} steps of 50 up and down, each`, ms, window.now.rows[0].number, whole);
  window.close();
  return found;
}"""
)


def table(found: list[Opened]) -> str:
    """As Markdown."""
    rows = [
        f"| {one.place} | {one.ms:.0f} | {one.rows} | {one.first:,} to {one.last:,} | {_word(one.whole)} |\n"
        for one in found
    ]
    head = "| place | ms | rows | numbers | none missing, none twice, at most 400 |\n|---|---:|---:|---|---|\n"
    return head + "".join(rows)


def _word(whole: bool) -> str:
    return "yes" if whole else "NO"

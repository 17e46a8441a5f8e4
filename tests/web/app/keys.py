"""Somebody who has a keyboard and nothing else, and who always knows where the focus is."""

import asyncio
import re
from typing import Final

from playwright.async_api import Page
from tests.web.browsers import PATIENCE

MOST_STOPS: Final = 60
"""More stops between two things than anybody has the patience for."""

RING: Final = """() => {
  const one = document.activeElement;
  if (!one.matches(":focus-visible")) return "not shown";
  // in a field the caret shows it
  const caret = one.matches("textarea, input:not([type=checkbox], [type=radio])");
  if (caret && getComputedStyle(one).caretColor !== "rgba(0, 0, 0, 0)") return "";
  for (let at = one, up = 0; at !== null && up < 3; at = at.parentElement, up++) {
    const style = getComputedStyle(at);
    if (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) {
      const box = at.getBoundingClientRect();
      const inside = box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight;
      return box.width > 0 && box.height > 0 && inside ? "" : "out of sight";
    }
  }
  return "without a ring";
}"""
LOST: Final = "() => document.activeElement === null || document.activeElement === document.body"


class Keys:
    """A page's keyboard. Every press ends with the focus where it belongs, and seen there."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def press(self, key: str, leads_to: str = "") -> None:
        """Press a key, and wait until the focus is where it leads to: a regular expression for how a place begins, as
        `button "Send`. Fails if the focus is elsewhere for good, or is not seen there."""
        await self.page.keyboard.press(key)
        await self.at(leads_to, key)

    async def at(self, place: str, after: str) -> str:
        """Wait until the focus is at a place; where exactly."""
        wanted, here, wrong = re.compile(place), "nowhere", ""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    if not await self.page.evaluate(LOST):
                        here, wrong = await self._place(), await self.page.evaluate(RING)
                        if wanted.match(here) and wrong == "":
                            return here
                    await asyncio.sleep(0.02)  # nothing tells it
        except TimeoutError:
            lost = await self.page.evaluate(LOST)
            at = "lost" if lost else f"{here} {wrong}"
            raise AssertionError(f"the focus is {at}, and not seen at {place or 'any place'}, after {after}") from None

    async def to(self, role: str, name: str, *, back: bool = False) -> None:
        """Tab until the focus is on this: `name` is a regular expression. The last stop leads to the first again."""
        wanted, stops = re.compile(f'^{role} "{name}'), []
        key = "Shift+Tab" if back else "Tab"
        for _ in range(MOST_STOPS):
            await self.page.keyboard.press(key)
            if await self.page.evaluate(LOST):
                # beyond the last stop lies the browser itself
                stops.append("the browser")
                continue
            stops.append(await self.at("", key))
            if wanted.search(stops[-1]):
                return
        raise AssertionError(f"no way by {key} to {role} {name}: {stops}")

    async def around(self) -> set[str]:
        """All stops of what is open, once around."""
        stops: set[str] = set()
        for _ in range(MOST_STOPS):
            await self.page.keyboard.press("Tab")
            if await self.page.evaluate(LOST):
                continue  # beyond the last stop lies the browser itself
            if (stop := await self.at("", "Tab")) in stops:
                return stops
            stops.add(stop)
        raise AssertionError(f"no end of stops: {stops}")

    async def type(self, text: str) -> None:
        """Type where the focus is."""
        await self.page.keyboard.type(text)

    async def _place(self) -> str:
        drawn = await self.page.locator(":focus").aria_snapshot()
        # a line of YAML, which quotes what has a colon in it
        return drawn.removeprefix("- ").split("\n")[0].removesuffix(":").strip("'")

"""Judges a page that is drawn: axe-core for what assistive technology meets, edges for what sticks out, and motion."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page

AXE: Final = Path(__file__).parents[3] / "web" / "node_modules" / "axe-core" / "axe.min.js"


@cache
def _axe() -> str:
    return AXE.read_text()


async def violations(page: Page, *, without: tuple[str, ...] = ()) -> list[str]:
    """What axe-core finds wrong. Its script comes through the debugger: the app's policy would refuse its element."""
    session = await page.context.new_cdp_session(page)
    try:
        if not await page.evaluate("() => 'axe' in window"):
            await session.send("Runtime.evaluate", {"expression": _axe()})
        wish = {"resultTypes": ["violations"], "rules": {rule: {"enabled": False} for rule in without}}
        asked = {"expression": f"axe.run(document, {json.dumps(wish)})"}
        answer: dict[str, Any] = await session.send(
            "Runtime.evaluate", {**asked, "awaitPromise": True, "returnByValue": True}
        )
    finally:
        await session.detach()
    assert "exceptionDetails" not in answer, answer
    return [
        f"{one['id']}: {node['html'][:200]} {node['failureSummary']}"
        for one in answer["result"]["value"]["violations"]
        for node in one["nodes"]
    ]


EDGES: Final = """() => {
  const width = document.documentElement.clientWidth;
  const found = new Set();
  // no line breaks between a letter and the marks upon it: their box cuts what is stacked beyond all reason
  const stacked = (one) => one.matches("article, article *") && /\\p{M}{8,}/u.test(one.textContent);
  const called = (one) => `${one.tagName.toLowerCase()}.${one.getAttribute("class") ?? ""}`;
  for (const one of document.querySelectorAll("body *")) {
    if (one.closest(".sr, [hidden], svg") !== null || !one.checkVisibility({ visibilityProperty: true })) continue;
    if (stacked(one)) continue;
    const style = getComputedStyle(one);
    if (style.overflowX !== "visible" && one.scrollWidth > one.clientWidth + 1) {
      if (style.overflowX === "auto" || style.overflowX === "scroll") found.add(`scrolls sideways: ${called(one)}`);
      else if (style.textOverflow !== "ellipsis" && !one.matches("input, textarea"))
        found.add(`cuts what is in it: ${called(one)}, ${one.scrollWidth} into ${one.clientWidth}`);
    }
    // what a box cuts with an ellipsis is seen as far as that box reaches, and is judged there
    let cut = false;
    for (let up = one.parentElement; up !== null && up !== document.body && !cut; up = up.parentElement)
      cut = getComputedStyle(up).textOverflow === "ellipsis";
    if (cut) continue;
    const box = one.getBoundingClientRect();
    if (box.width > 0 && (box.right > width + 1 || box.left < -1))
      found.add(`${called(one)}: ${Math.round(box.left)} to ${Math.round(box.right)} of ${width}`);
  }
  const field = document.querySelector(".composer textarea");
  if (field?.checkVisibility()) {
    const box = field.getBoundingClientRect();
    if (box.top < 0 || box.bottom > innerHeight + 1) found.add(`no composer: ${box.top} to ${box.bottom}`);
    if (document.querySelector(".log").clientHeight < 40) found.add("no room for a single line of what is said");
  }
  return [...found];
}"""


async def sticking_out(page: Page) -> list[str]:
    """Elements that lie beyond an edge of the window, boxes that scroll sideways, and boxes that cut what is in them
    without saying so; and a low window in which there is nothing to read or to write in.

    Each element is asked: what a box hides, the page's own width does not tell."""
    found: list[str] = await page.evaluate(EDGES)
    return found


MOVING: Final = """() => {
  const found = new Set(document.getAnimations().map((one) => `runs: ${one.effect?.target?.className}`));
  for (const one of document.querySelectorAll("body *")) {
    for (const part of [null, "::before", "::after"]) {
      const style = getComputedStyle(one, part);
      if (style.animationName !== "none" || style.transitionDuration.split(", ").some((time) => parseFloat(time) > 0))
        found.add(`may move: ${one.tagName.toLowerCase()}.${one.getAttribute("class") ?? ""}${part ?? ""}`);
    }
  }
  return [...found];
}"""


async def moving(page: Page) -> list[str]:
    """What moves, or would, although the person wants no motion."""
    found: list[str] = await page.evaluate(MOVING)
    return found


UNLINED: Final = """() => {
  // what a ground or a shadow sets off, and what is told by colour
  const told = [
    ".btn", ".input", ".bubble", ".card", ".count", ".role", "dialog", "[popover]", ".notice", ".toast", ".av",
    "[aria-current]:not([aria-current=false])", "[role=option][aria-selected=true]", ".tick.read",
  ];
  const lined = (one) => {
    const style = getComputedStyle(one);
    const border = style.borderStyle !== "none" && parseFloat(style.borderTopWidth) > 0;
    const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    return border || outline;
  };
  return [...document.querySelectorAll(told.join())]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !lined(one))
    .map((one) => `no line around ${one.tagName.toLowerCase()}.${one.getAttribute("class")}`);
}"""


async def unlined(page: Page) -> list[str]:
    """Where colours are forced: what is set off by its colour or its shadow alone, which nobody sees then."""
    found: list[str] = await page.evaluate(UNLINED)
    return found

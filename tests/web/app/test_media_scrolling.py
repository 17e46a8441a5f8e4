"""Pictures that come while somebody reads: the line that is read stays where it is."""

from typing import Final

from playwright.async_api import expect
from tests.web.app.conftest import Arrive
from tests.web.app.scrolling import MOST_PIXELS
from tests.web.app.sent import photo, placed, send
from tests.web.app.test_media import two
from tests.web.app.visitor import until

WATCH: Final = """async () => {
  const log = document.querySelector(".log");
  const top = (row) => row.getBoundingClientRect().top - log.getBoundingClientRect().top;
  const rows = () => [...log.querySelectorAll("article[data-number]")];
  const read = rows().find((row) => top(row) >= 0);
  const key = read.dataset.key;
  const before = top(read);
  window.watched = { moved: 0, frames: 0, drawn: 0, key };
  const look = () => {
    const row = rows().find((one) => one.dataset.key === key);
    const moved = row === undefined ? Infinity : Math.abs(top(row) - before);
    window.watched.moved = Math.max(window.watched.moved, moved);
    window.watched.frames += 1;
    window.watched.drawn = log.querySelectorAll("article img").length;
    requestAnimationFrame(look);
  };
  look();
}"""
PICTURES: Final = 8
FRAMES: Final = 30
"""Frames that are looked at, at least."""


async def test_pictures_that_load_move_nothing(arrive: Arrive) -> None:
    anna, ben = await two(arrive)
    sizes = [(300 + 90 * n, 900 - 80 * n) for n in range(PICTURES)]
    await send(anna, *(photo(f"{n}.jpg", *size) for n, size in enumerate(sizes)))
    await placed(anna, PICTURES)
    await anna.say("the end")
    await ben.sees("the end")
    middle = ben.page.locator("article.media[data-number]").nth(PICTURES // 2)
    number = await middle.get_attribute("data-number")
    address = ben.page.url.split("/c/")[1].split("/")[0]
    # a fresh browser, which keeps none of them
    again = await arrive()
    await again.log_in("ben", f"/c/{address}/{number}")
    await expect(again.page.locator(f'article[data-number="{number}"]')).to_be_visible()
    await again.page.evaluate(WATCH)

    async def all_drawn() -> bool:
        found = await again.page.evaluate("() => window.watched")
        return bool(found["drawn"] >= 3 and found["frames"] > FRAMES)

    await until(all_drawn)
    found = await again.page.evaluate("() => window.watched")
    assert found["moved"] <= MOST_PIXELS, found

"""A long conversation, walked through: the line being read stays where it is, and every message is there once."""

from playwright.async_api import Browser
from prove.process import ServerProcess
from tests.web.app.scrolling import table, walks

MESSAGES = 100_000
FRAMES = 250


async def test_the_line_being_read_stays_where_it_is(
    browser: Browser, process: ServerProcess, complaints: list[str]
) -> None:
    """In 500 frames of a conversation of 100,000 messages; `make web-prove` walks through a million."""
    found = await walks(browser, process, MESSAGES, FRAMES, complaints)
    print(table(found))
    for one in found:
        assert one.good, one
        assert one.met, one
    assert complaints == []

"""An address leads to its message: at a start, from the door, and on a device that has never seen the conversation."""

from playwright.async_api import expect
from tests.web.app.conftest import Arrive
from tests.web.app.visitor import Visitor

LINES = 120
WANTED = 20


async def _is_at(visitor: Visitor, number: int) -> None:
    """Wait until a message stands in view."""
    message = visitor.page.locator(f'article[data-number="{number}"]')
    await expect(message).to_contain_text(f"line {number}")
    await expect(message).to_be_in_viewport()


async def test_a_link_to_a_message_opens_there(arrive: Arrive) -> None:
    anna, ben = await arrive(), await arrive()
    await anna.sign_up("anna", "Anna")
    await ben.sign_up("ben", "Ben")
    await anna.begin_with("ben", "Ben")
    for number in range(1, LINES + 1):
        await anna.say(f"line {number}")
    await anna.sees(f"line {LINES}")
    path = anna.page.url.removeprefix(anna.url())
    assert path.startswith("/c/")
    link = f"{path}/{WANTED}"

    # From the cache, and once more after another conversation's place was taken.
    await anna.visit(link)
    await _is_at(anna, WANTED)
    await anna.visit(path)
    await _is_at(anna, LINES)

    # At the door first: after it one is where the link leads, on a device that knows nothing yet.
    other = await arrive()
    await other.log_in("ben", link)
    await _is_at(other, WANTED)
    assert other.page.url == other.url() + link

    # A link beyond the last message shows the newest.
    await other.visit(f"{path}/99999")
    await _is_at(other, LINES)

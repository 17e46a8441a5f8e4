"""Somebody at a browser: a page of the web client, driven as a person would, with everything that it complains of."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Final

from playwright.async_api import BrowserContext, ConsoleMessage, Locator, Page, expect
from playwright.async_api import Error as PlaywrightError
from tests.support.people import PASSWORD
from tests.web.browsers import CALL_MS, LOOK, PATIENCE

HEAD: Final = 40
"""Characters by which a text is known: of a long one the end is folded away."""
UNREACHABLE: Final = re.compile(r"net::ERR_|WebSocket connection to|status of 50[0-9]")
"""What a browser itself writes about a server that it cannot reach. Only tests that take it away allow this."""

FOCUSED: Final = "() => document.activeElement !== null && document.activeElement !== document.body"

expect.set_options(timeout=CALL_MS)


class Visitor:
    """One tab of the web client. `complaints`: errors and warnings of its console, which no test may leave."""

    def __init__(self, page: Page, complaints: list[str], url: Callable[[], str]) -> None:
        self.page = page
        self.complaints = complaints
        self.url = url
        self.may_be_alone = False
        """Whether the test takes the server away: what the browser says of that is no complaint."""
        page.set_default_timeout(CALL_MS)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))

    async def visit(self, path: str = "/") -> None:
        """Go to an address of the app."""
        await self.page.goto(self.url() + path)

    async def sign_up(self, name: str, display: str) -> None:
        """From the door to the list."""
        await self.visit()
        await self.page.get_by_label("Name", exact=True).fill(name)
        await self.page.get_by_label("What friends see").fill(display)
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_role("button", name="Sign up").first.click()
        await self.page.get_by_role("button", name="New message").first.wait_for()

    async def log_in(self, name: str, path: str = "/") -> None:
        """From the door to an address of the app, with an account that there is."""
        await self.visit(path)
        await self.page.get_by_role("button", name="Log in").last.click()
        await self.page.get_by_label("Name", exact=True).fill(name)
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_role("button", name="Log in").first.click()
        await self.page.get_by_role("button", name="New message").first.wait_for()

    async def at_the_door(self) -> None:
        """Wait until nobody is logged in any more. The settings have a field of the door's, but not its heading."""
        await expect(self.page.get_by_role("heading", name="Join the chat")).to_be_visible()

    async def begin_with(self, search: str, display: str) -> None:
        """Find somebody and open the conversation with them."""
        await self.page.get_by_role("button", name="New message").first.click()
        await self.page.get_by_label("Find people").fill(search)
        await self.page.get_by_role("dialog").get_by_role("button", name=display).first.click()
        await self.composer.wait_for()

    async def open(self, name: str) -> None:
        """Open a conversation of the list."""
        await self.page.get_by_role("region", name="Conversations").get_by_role("link", name=name).first.click()
        await self.composer.wait_for()

    @property
    def composer(self) -> Locator:
        """The field in which one writes."""
        return self.page.get_by_role("textbox", name=re.compile("^Message "))

    async def say(self, text: str) -> None:
        """Write a line and send it, by Enter, or by the button on a phone. Returns when it stands in the conversation:
        the field is empty before that."""
        await self.composer.fill(text)
        size = self.page.viewport_size
        if size is not None and size["width"] < 768:
            await self.page.get_by_role("button", name="Send", exact=True).click()
        else:
            await self.composer.press("Enter")
        await expect(self.composer).to_have_value("")
        await expect(self.page.locator("article.mine .text").last).to_contain_text(text[:HEAD])

    async def texts(self) -> list[str]:
        """The texts of the open conversation as they are drawn, from the top."""
        found: list[str] = await self.page.locator("article .text").all_inner_texts()
        return found

    async def sees(self, text: str) -> None:
        """Wait until a message with this text stands in the open conversation."""
        await expect(self.page.locator("article .text", has_text=text).first).to_be_visible()

    async def described(self) -> str:
        """What stands on the page, as a screen reader would have it, or why that can't be told."""
        try:
            async with asyncio.timeout(LOOK):
                focus = await self.page.locator(":focus").aria_snapshot() if await self.page.evaluate(FOCUSED) else "-"
                return f"{self.page.url}, focus at {focus}\n{await self.page.locator('body').aria_snapshot()}"
        except (PlaywrightError, TimeoutError) as failure:
            return f"{self.page.url}: {failure}"

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if self.may_be_alone and UNREACHABLE.search(message.text):
            return
        self.complaints.append(f"{message.type}: {message.text}")


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Ask until it is so: `wait_for_function` would need eval, which the app's policy refuses."""
    async with asyncio.timeout(PATIENCE):
        while not await true():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)


async def visitor_in(context: BrowserContext, complaints: list[str], url: Callable[[], str]) -> Visitor:
    """A new tab in a browser profile."""
    return Visitor(await context.new_page(), complaints, url)

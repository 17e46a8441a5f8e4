"""Take the pictures of the web client in docs/pictures/: a real server, real browsers, made-up people.

python -m tools.web_pictures

A machine without fonts for emoji and Japanese draws boxes instead of them: on Debian `fonts-noto-color-emoji` and
`fonts-wqy-microhei` have them.
"""

import asyncio
import base64
import contextlib
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, ViewportSize, async_playwright
from prove.faults.clock import WrongClock
from prove.process import ServerProcess
from tests.web.app.visitor import Visitor, visitor_in
from tests.web.browsers import ARGUMENTS, CHROMIUM
from tools.picture_people import PASSWORD, PICNIC, crowd

from chinwag.client import Client

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / "docs" / "pictures"
DESKTOP: Final[ViewportSize] = {"width": 1280, "height": 800}
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
QUALITY: Final = 82
PROVIDER: Final = "Linden & Daughters"
"""Whose people log in with the account that they have. Nobody asks it anything here."""
MOST: Final = 150_000
"""Bytes of one picture: they lie in the repository."""


async def come(browser: Browser, server: ServerProcess, **options: Any) -> Visitor:
    """Olga, logged in with a browser of her own."""
    usual = {"viewport": DESKTOP, "locale": "en-GB", "color_scheme": "light", "reduced_motion": "reduce"}
    context = await browser.new_context(**{**usual, "device_scale_factor": 2, **options})
    visitor = await visitor_in(context, [], lambda: server.url)
    page = visitor.page
    await visitor.visit()
    await page.get_by_role("button", name="Log in").last.click()
    await page.get_by_label("Name", exact=True).fill("olga")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").first.click()
    await page.get_by_role("link", name="Anna Lindqvist").first.wait_for()
    return visitor


async def door(browser: Browser, server: ServerProcess) -> None:
    """Where the server knows a provider."""
    context = await browser.new_context(
        viewport=DESKTOP, locale="en-GB", color_scheme="light", reduced_motion="reduce", device_scale_factor=2
    )
    visitor = await visitor_in(context, [], lambda: server.url)
    await visitor.visit()
    await visitor.page.get_by_role("button", name=f"Log in with {PROVIDER}").wait_for()
    await take(visitor, "door")


async def take(visitor: Visitor, name: str) -> None:
    """One picture, once nothing moves any more."""
    await visitor.page.evaluate("document.fonts.ready.then(() => document.activeElement?.blur())")
    await visitor.page.mouse.move(0, 0)
    await asyncio.sleep(1)
    session = await visitor.page.context.new_cdp_session(visitor.page)
    taken = await session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    await session.detach()
    picture = base64.b64decode(taken["data"])
    assert len(picture) <= MOST, f"{name} has {len(picture)} bytes"
    (FOLDER / f"{name}.webp").write_bytes(picture)


async def look(visitor: Visitor) -> None:
    """Open the group, with what is new in it in view."""
    await visitor.open(PICNIC)
    await visitor.sees("who has a blanket?")


async def changed(desktop: Visitor, say_changes: Any) -> None:
    """What was edited, deleted, answered and reacted to; and what a search finds."""
    page = desktop.page
    await page.emulate_media(color_scheme="light")
    await page.get_by_role("button", name="About this conversation").click()
    await say_changes()
    await desktop.sees("I bring two")
    await page.get_by_role("group", name="Reactions").last.wait_for()
    await page.keyboard.press("Escape")
    await take(desktop, "changes")
    await desktop.visit("/search")
    await page.get_by_label("Words").fill("天気")
    while await page.locator("a.hit").count() == 0:  # the index hears of it a little later
        await page.get_by_label("Words").fill("")
        await page.get_by_label("Words").fill("天気")
        await page.locator("a.hit, .sheetlike p.muted:not(.hint)").first.wait_for()
    await take(desktop, "search")


async def pictures(browser: Browser, server: ServerProcess, say_new: Any, say_changes: Any) -> None:
    """All of them, in the order in which things happen."""
    desktop, phone, other = [
        await come(browser, server, **shape)
        for shape in ({}, {"viewport": PHONE, "has_touch": True, "is_mobile": True}, {})
    ]
    await say_new()
    await phone.page.get_by_text("who has a blanket?").wait_for()
    await take(phone, "phone-list")
    # Whoever reads first takes the line above what is new away from the others.
    await look(desktop)
    await take(desktop, "desktop")
    await phone.page.emulate_media(color_scheme="dark")
    await look(phone)
    await take(phone, "phone-dark")
    await desktop.page.emulate_media(color_scheme="dark")
    await desktop.page.get_by_role("button", name="About this conversation").click()
    await desktop.page.get_by_role("complementary").get_by_text("Group of 5").wait_for()
    await take(desktop, "desktop-dark")
    await changed(desktop, say_changes)
    await other.page.evaluate("localStorage.setItem('chinwag.language', 'ar-XB')")
    await other.visit("/")
    await other.page.get_by_role("link", name=PICNIC).first.click()
    await other.sees("who has a blanket?")
    await take(other, "right-to-left")


async def media(browser: Browser, server: ServerProcess, send_media: Any) -> None:
    """A photograph and a file in a conversation, and the photograph in front of it, on a phone."""
    with tempfile.TemporaryDirectory() as folder:
        await send_media(Path(folder))
    handy = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
    for name, shape in (("media", {"viewport": {"width": 700, "height": 760}}), ("media-phone", handy)):
        olga = await come(browser, server, **shape)
        await olga.open("Ben Okafor")
        await olga.sees("With all the measures in it")
        await olga.page.locator("article.media .shown img").wait_for()
        if name == "media-phone":
            await olga.page.get_by_role("button", name="Picture: This is where").click()
            await olga.page.get_by_role("dialog").get_by_role("img").wait_for()
        await take(olga, name)


async def notifications(browser: Browser, server: ServerProcess) -> None:
    """What one is told of, as the settings have it."""
    olga = await come(browser, server, permissions=["notifications"])
    page = olga.page
    await olga.visit("/settings")
    await page.get_by_role("button", name="Tell me here as well").wait_for()
    await page.get_by_label("Quiet hours").check()
    await page.get_by_label("By the clocks of").select_option("Europe/Prague")
    await page.get_by_role("heading", name="Notifications").evaluate("(one) => one.scrollIntoView()")
    await take(olga, "notifications")


def with_a_provider(folder: Path) -> ServerProcess:
    """A server, with its data in `folder`."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    settings = folder / "chinwag.toml"
    settings.write_text(
        f'[server]\npublic_url = "http://127.0.0.1:{port}"\n'
        f'[push]\ncontact = "mailto:staff@example.org"\n'
        f'[openid.staff]\nissuer = "https://id.example.org"\nclient_id = "chinwag"\nlabel = "{PROVIDER}"\n'
    )
    command = (sys.executable, "-m", "tests.support.quick_server")
    environment = {"CHINWAG_CONFIG": str(settings)}
    return ServerProcess(folder / "data", command=command, environment=environment, cwd=ROOT, port=port)


async def listen(client: Client) -> None:
    """Take what comes, so that it counts as delivered."""
    async for _event in client.events():
        pass


async def main() -> None:
    """A server, its people, and a browser."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        server = with_a_provider(Path(folder))
        clock = WrongClock(server)
        await server.start()
        try:
            async with crowd(server.url, clock) as people, async_playwright() as playwright:
                await people.meet()
                listening = [asyncio.create_task(listen(client)) for client in people.clients.values()]
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
                await door(browser, server)
                await pictures(browser, server, people.say_new, people.say_changes)
                await notifications(browser, server)
                await media(browser, server, people.send_media)
                await browser.close()
                for task in listening:
                    task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.gather(*listening)
        finally:
            server.end()


if __name__ == "__main__":
    asyncio.run(main())

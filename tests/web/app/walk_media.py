"""The states of pictures and files, for the walk: chosen, dropped, on their way, shown, looked at, listed, recorded."""

import asyncio
import base64
import io
import wave
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from playwright.async_api import Route, expect
from tests.web.app.sent import DROP, Sent, drawn, noise, photo

if TYPE_CHECKING:
    from tests.web.app.walk import Walk

UPLOADS: Final = "**/v1/media*/**"
SENT: Final = 4


def sound(name: str, seconds: float = 2.0) -> Sent:
    """Silence."""
    held = io.BytesIO()
    with wave.open(held, "wb") as one:
        one.setparams((1, 2, 8_000, 0, "NONE", "NONE"))
        one.writeframes(bytes(int(seconds * 8_000) * 2))
    return {"name": name, "mimeType": "audio/wav", "buffer": held.getvalue()}


async def media(walk: "Walk") -> AsyncIterator[str]:
    """All of it, in the conversation with Ben."""
    for part in (_chosen, _on_its_way, _shown, _listed, _recorded):
        async for state in part(walk):
            yield state


async def _chosen(walk: "Walk") -> AsyncIterator[str]:
    page, t = walk.page, walk.t
    await walk.at.visit(f"/c/{walk.home.ben}")
    await walk.composer.wait_for()
    await walk.button("Attach").click()
    await page.get_by_role("menu").wait_for()
    yield "ways to attach"
    await walk.closed()
    # what is carried over the page, and let go of elsewhere
    carried = [["carried.jpg", "image/jpeg", base64.b64encode(b"x").decode()]]
    await page.evaluate(DROP, [carried, "dragover", ".talk"])
    await page.locator("p.drop").wait_for()
    yield "files carried over the page"
    await page.evaluate(DROP, [carried, "dragleave", ".talk"])
    await expect(page.locator("p.drop")).to_have_count(0)
    long = walk.home.names.cleo[:40] + "W" * 80
    files = [photo(f"{long}.jpg", 640, 480), photo("wide.jpg", 1600, 80), sound(f"{long}.wav"), noise(999_999, long)]
    await page.locator(".composer input[type=file]").first.set_input_files([dict(one) for one in files])  # type: ignore[arg-type]
    await expect(walk.dialog.locator("li")).to_have_count(SENT)
    await walk.dialog.get_by_placeholder(t("Caption")).first.fill(walk.home.names.said[0])
    yield "files to be sent"


async def _on_its_way(walk: "Walk") -> AsyncIterator[str]:
    page, may_go = walk.page, asyncio.Event()

    async def hold(route: Route) -> None:
        await may_go.wait()
        await route.continue_()

    await page.context.route(UPLOADS, hold)
    await walk.button("Send", walk.dialog, whole=True).click()
    await expect(page.locator("article progress")).to_have_count(SENT)
    yield "files on their way"
    await walk.button("Hold back").first.click()
    await page.get_by_text(walk.t("Held back")).wait_for()
    yield "a file that is held back"
    await walk.button("Go on").first.click()
    may_go.set()
    await expect(page.locator("article.mine.media[data-number]")).to_have_count(SENT)


async def _shown(walk: "Walk") -> AsyncIterator[str]:
    page = walk.page
    pictures = page.locator("article.media[data-number] .shown img")
    await drawn(pictures.last)
    yield "pictures, a sound and a file"
    message = page.locator("article.media").first
    await message.focus()
    await page.keyboard.press("v")
    await drawn(walk.dialog.locator("img"))
    yield "viewer"
    await walk.closed()
    await message.focus()
    await page.keyboard.press("f")
    await walk.dialog.locator("li").first.wait_for()
    yield "forward"
    await walk.closed()


async def _listed(walk: "Walk") -> AsyncIterator[str]:
    page = walk.page
    rows = page.locator(".sheetlike li")
    await walk.at.visit(f"/files/{walk.home.ben}")
    await expect(rows).to_have_count(SENT)
    await drawn(rows.locator("img").last)
    yield "a conversation's files"
    await walk.at.visit(f"/files/{walk.home.garden}")
    await page.get_by_text(walk.t("Nothing was sent here yet")).wait_for()
    yield "a conversation without files"


async def _recorded(walk: "Walk") -> AsyncIterator[str]:
    page = walk.page
    await walk.at.visit(f"/c/{walk.home.ben}")
    await walk.button("Attach").click()
    await page.get_by_role("menuitem", name=walk.t("Record a voice message")).click()
    await walk.dialog.get_by_role("alert").wait_for()  # this machine has no microphone, or no permission for it
    yield "a voice message that cannot be recorded"
    await walk.closed()
    await walk.at.visit("/settings")
    await page.locator("input[type=file]").set_input_files([dict(photo("me.jpg", 600, 600))])  # type: ignore[arg-type]
    await walk.button("Take the picture away").first.wait_for()
    yield "settings, with a picture of oneself"

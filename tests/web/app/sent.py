"""Pictures, videos and files as people send them, and how a visitor sends them."""

import io
import os
from typing import Final

from PIL import Image, ImageDraw
from playwright.async_api import Locator, expect
from tests.web.app.visitor import Visitor

PLACE: Final = (52, 31, 12.34)
"""A latitude, as cameras write it into their pictures."""
DROP: Final = """([files, event, target]) => {
  const data = new DataTransfer();
  for (const [name, type, base64] of files) {
    const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
    data.items.add(new File([bytes], name, { type }));
  }
  const init = { bubbles: true, cancelable: true };
  const made = event === "paste"
    ? new ClipboardEvent("paste", { ...init, clipboardData: data })
    : new DragEvent(event, { ...init, dataTransfer: data });
  document.querySelector(target).dispatchEvent(made);
}"""
"""What the browser tells the page when files are dropped or pasted."""

Sent = dict[str, str | bytes]


def photo(name: str = "sea.jpg", width: int = 1600, height: int = 1200, colour: str = "#2266aa") -> Sent:
    """A photograph that says where it was taken."""
    picture = Image.new("RGB", (width, height), colour)
    ImageDraw.Draw(picture).ellipse((width // 4, height // 4, width // 2, height // 2), fill="#f5d040")
    exif = Image.Exif()
    exif.get_ifd(0x8825)[2] = PLACE
    exif[0x010F] = "Canary camera"
    held = io.BytesIO()
    picture.save(held, "JPEG", quality=90, exif=exif)
    return {"name": name, "mimeType": "image/jpeg", "buffer": held.getvalue()}


def noise(size: int, name: str = "noise.bin") -> Sent:
    """A file of so many bytes, of which no two parts are alike."""
    return {"name": name, "mimeType": "application/octet-stream", "buffer": os.urandom(size)}


async def choose(visitor: Visitor, *files: Sent, seen: bool = False) -> Locator:
    """Pick files by the button beside the field; the dialog that asks how they are sent.

    seen: as pictures and videos."""
    await visitor.page.get_by_role("button", name="Attach").click()
    async with visitor.page.expect_file_chooser() as chooser:
        name = "Pictures and videos" if seen else "Files"
        await visitor.page.get_by_role("menuitem", name=name).click()
    await (await chooser.value).set_files([dict(one) for one in files])  # type: ignore[arg-type]
    dialog = visitor.page.get_by_role("dialog")
    await expect(dialog.locator("li")).to_have_count(len(files))
    return dialog


async def send(visitor: Visitor, *files: Sent, captions: tuple[str, ...] = ()) -> None:
    """Pick files and send them. Returns when they are kept; they may be on their way still."""
    dialog = await choose(visitor, *files)
    for at, caption in enumerate(captions):
        await dialog.get_by_placeholder("Caption").nth(at).fill(caption)
    await dialog.get_by_role("button", name="Send", exact=True).click()
    await expect(visitor.page.get_by_role("dialog")).to_have_count(0)


async def placed(visitor: Visitor, count: int) -> None:
    """Wait until so many messages of one's own that carry something stand in their places."""
    await expect(visitor.page.locator("article.mine.media[data-number]")).to_have_count(count)


def shown(visitor: Visitor) -> Locator:
    """The pictures of the open conversation that are drawn from the server, or from what is kept of it."""
    return visitor.page.locator("article.media[data-number] .shown img")


async def drawn(picture: Locator) -> None:
    """Wait until a picture is drawn."""
    await expect(picture).to_be_visible()
    await expect(picture).to_have_js_property("complete", value=True)
    assert await picture.evaluate("(one) => one.naturalWidth") > 0

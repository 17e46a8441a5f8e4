"""What only a real browser shows of media: a video played from its middle, swipes, the camera's button, hostile files,
and refusals in words."""

import asyncio
import re
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Download, Page, Response, expect
from prove.process import ServerProcess
from tests.web.app.conftest import Arrive
from tests.web.app.sent import Sent, choose, noise, photo, placed, send
from tests.web.app.test_media import two
from tests.web.app.test_media_cuts import two as two_by
from tests.web.app.visitor import until
from tests.web.gate import Gate
from tests.workshop.making import ffmpeg

LINKS: Final = "/v1/media-links/"


def film(folder: Path, seconds: int = 30) -> Sent:
    """A video of so much that nobody fetches all of it to begin: about 500 kB a second."""
    path = folder / "film.webm"
    source = f"nullsrc=s=320x180:r=10:d={seconds},geq=random(1)*255:128:128"
    rate = ("-b:v", "4M", "-minrate", "4M", "-maxrate", "4M")
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", *rate, path)
    return {"name": "film.webm", "mimeType": "video/webm", "buffer": path.read_bytes()}


async def test_a_video_plays_from_its_middle(arrive: Arrive, tmp_path: Path) -> None:
    anna, ben = await two(arrive)
    sent = await asyncio.to_thread(film, tmp_path)
    size = len(sent["buffer"])
    await send(anna, sent)
    parts: list[tuple[int, int]] = []

    def answered(response: Response) -> None:
        place = re.match(r"bytes (\d+)-(\d+)/", response.headers.get("content-range", ""))
        if LINKS in response.url and response.status == 206 and place is not None:
            parts.append((int(place[1]), int(place[2])))

    ben.page.on("response", answered)
    await ben.page.get_by_role("button", name="Video: film.webm").click()
    video = ben.page.get_by_role("dialog").locator("video")

    async def plays() -> bool:
        return bool(await video.evaluate("(one) => one.currentTime > 0 && one.duration > 25"))

    await until(plays)
    await video.evaluate("(one) => { one.currentTime = 22; }")

    async def plays_on() -> bool:
        return bool(await video.evaluate("(one) => !one.seeking && one.currentTime > 22.2"))

    await until(plays_on)
    # what lies between was not waited for: the browser asked for a part that begins beyond the middle
    assert [first for first, _ in parts if first > size // 2], parts


SWIPES: Final = {"onward": ((300, 400), (60, 410)), "back": ((60, 400), (300, 390)), "away": ((200, 250), (210, 600))}


async def swipe(page: Page, way: str) -> None:
    """A finger goes over the screen."""
    (x, y), (to_x, to_y) = SWIPES[way]
    session = await page.context.new_cdp_session(page)
    steps = [{"x": x + (to_x - x) * n / 5, "y": y + (to_y - y) * n / 5} for n in range(6)]
    for kind, points in [("touchStart", steps[:1]), *(("touchMove", [one]) for one in steps[1:]), ("touchEnd", [])]:
        await session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    await session.detach()


async def test_on_a_phone_a_picture_is_taken_and_the_viewer_is_swiped(arrive: Arrive) -> None:
    anna = await arrive(phone=True)
    ben = await arrive()
    await ben.sign_up("ben", "Ben")
    await anna.sign_up("anna", "Anna")
    await anna.begin_with("ben", "Ben")
    for name in ("first", "second"):
        await anna.page.get_by_role("button", name="Attach").click()
        async with anna.page.expect_file_chooser() as chooser:
            await anna.page.get_by_role("menuitem", name="Take a picture").click()
        camera = (await chooser.value).element
        assert await camera.evaluate("(one) => [one.getAttribute('capture'), one.accept]") == ["environment", "image/*"]
        await (await chooser.value).set_files([dict(photo(f"{name}.jpg", 600, 800))])  # type: ignore[arg-type]
        dialog = anna.page.get_by_role("dialog")
        await expect(dialog).to_contain_text("without the place and time it was taken")
        await dialog.get_by_role("button", name="Send", exact=True).click()
        await expect(dialog).to_have_count(0)
    await expect(anna.page.locator("article.mine.media[data-number]")).to_have_count(2)
    await anna.page.get_by_role("button", name="Picture: first.jpg").click()
    viewer = anna.page.get_by_role("dialog")
    for way, name in (("onward", "second.jpg"), ("onward", "second.jpg"), ("back", "first.jpg")):
        await expect(viewer.get_by_role("img")).to_have_js_property("complete", value=True)
        await swipe(anna.page, way)
        await expect(viewer.get_by_role("img", name=name)).to_be_visible()
    await swipe(anna.page, "away")
    await expect(viewer).to_have_count(0)


HARM: Final = "document.title = 'harmed'; fetch('{url}/v1/server?harm', {{ mode: 'no-cors' }});"
SVG: Final = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>{harm}</script></svg>'
HTML: Final = "<!doctype html><title>fine</title><body><script>{harm}</script></body>"
HOSTILE: Final = (
    ("harm.svg", "image/svg+xml", SVG),
    ("harm.html", "text/html", HTML),
    ("harm.jpg", "image/jpeg", HTML),
    (
        "harm.xhtml",
        "application/xhtml+xml",
        HTML.replace("<!doctype html>", '<html xmlns="http://www.w3.org/1999/xhtml">'),
    ),
)


async def test_a_hostile_file_that_is_opened_runs_no_script(arrive: Arrive) -> None:
    anna, ben = await two(arrive)
    harm = HARM.format(url=ben.url())
    harmed: list[str] = []
    context = ben.page.context
    context.on("request", lambda request: harmed.append(request.url) if "harm" in request.url.split("?")[-1] else None)
    # what it does where nothing holds it
    other = await context.new_page()
    await other.set_content(HTML.format(harm=harm))
    await expect(other).to_have_title("harmed")

    async def done() -> bool:
        return len(harmed) == 1

    await until(done)
    for name, kind, content in HOSTILE:
        dialog = await choose(anna, {"name": name, "mimeType": kind, "buffer": content.format(harm=harm).encode()})
        if kind == "image/jpeg":
            await dialog.get_by_label("exactly as it is").check()
        await dialog.get_by_role("button", name="Send", exact=True).click()
        await expect(ben.page.get_by_role("article", name=re.compile(name.replace(".", r"\.")))).to_be_visible()
        # opened as the app opens it, as an address of its own, and within another page
        await ben.page.locator("article.media[data-number]").last.focus()
        async with ben.page.expect_download() as saving:
            await ben.page.keyboard.press("o")
        saved = await saving.value
        link = saved.url
        assert LINKS in link
        assert saved.suggested_filename == name
        async with other.expect_download() as opened:
            await opens(other, link)
        await ended(await opened.value)
        async with other.expect_download() as framed:
            await other.set_content(f'<title>fine</title><iframe src="{link}"></iframe>')
        await ended(await framed.value)
        await other.set_content(f'<title>fine</title><img src="{link}"><object data="{link}"></object>')
        await expect(other).to_have_title("fine")
    assert len(harmed) == 1, harmed


async def opens(page: Page, link: str) -> None:
    """Go to it; what is saved and not shown ends the way there."""
    await page.evaluate("(link) => { location.href = link; }", link)


async def ended(download: Download) -> None:
    """Wait for the end of it, as it may be."""
    await download.failure()


@pytest.mark.parametrize(
    ("setting", "words", "status"),
    [
        (
            ("--media-file-bytes", "700000", "--media-account-bytes", "700000"),
            "You have as much on this server as it keeps for one person.",
            403,
        ),
        pytest.param(
            ("--media-free-percent", "90"),
            "The server has no room for this right now.",
            507,
            marks=pytest.mark.web_prove,
        ),
    ],
    ids=["quota", "storage_full"],
)
async def test_a_refusal_says_what_to_do_and_the_file_can_be_sent_again(
    arrive: Arrive, line: Gate, served: ServerProcess, setting: tuple[str, ...], words: str, status: int
) -> None:
    assert await served.stop() == 0
    flags = served.flags
    served.flags = (*flags, *setting)
    await served.start()
    anna, ben = await two_by(arrive, line)
    if status == 403:
        await send(anna, noise(400_000, "small.bin"))
        await placed(anna, 1)
    await send(anna, noise(600_000, "film.bin"))
    refused = anna.page.get_by_text(words)
    await expect(refused).to_be_visible()
    # what is said after it is held up by nothing, and a reload forgets neither the words nor the file
    await anna.say("after")
    await ben.sees("after")
    anna.may_be_alone = ben.may_be_alone = True
    await served.stop()
    served.flags = flags
    await served.start()
    await anna.page.reload()
    await expect(refused).to_be_visible()
    await anna.page.get_by_role("button", name="Try again").click()
    await expect(ben.page.get_by_role("button", name="Download film.bin")).to_be_visible()
    await expect(refused).to_have_count(0)
    anna.complaints[:] = [one for one in anna.complaints if f"status of {status}" not in one]

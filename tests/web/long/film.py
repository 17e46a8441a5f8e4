"""Send a video of 2 GB from a real browser over a line that is lost in the middle, and play it from its middle.

python -m tests.web.long.film [--bytes 2000000000]

The file is a real video whose pieces lie far from each other: between them are zeros, so it is made at once. Told are
the seconds of each part, and the most memory that the server and the browser's processes had. Fails if a byte differs,
if the upload is begun anew, or if the video does not play from its middle. The disk needs room for it three times.
"""

import argparse
import asyncio
import hashlib
import itertools
import os
import re
import struct
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from playwright.async_api import Page, async_playwright, expect
from prove.process import ServerProcess
from tests.web.app.conftest import ROOT
from tests.web.app.visitor import Visitor, visitor_in
from tests.web.browsers import on_profile
from tests.web.gate import Gate
from tests.workshop.making import ffmpeg

SECONDS: Final = 60
LONGEST_MS: Final = 900_000.0
LINKS: Final = "/v1/media-links/"


def film(path: Path, size: int) -> None:
    """A video of `size` bytes: its pieces keep their order, and are spread over the file."""
    small = path.with_suffix(".small.mp4")
    source = f"testsrc=duration={SECONDS}:size=320x180:rate=10"
    coded = ("-c:v", "libx264", "-g", "10", "-pix_fmt", "yuv420p", "-movflags", "faststart")
    ffmpeg("-f", "lavfi", "-i", source, *coded, small)
    content = bytearray(small.read_bytes())
    at = content.index(b"stco") + 4
    count = struct.unpack(">I", content[at + 4 : at + 8])[0]
    places = [*struct.unpack(f">{count}I", content[at + 8 : at + 8 + 4 * count]), len(content)]
    body = content.index(b"mdat") - 4
    step = (size - len(content) - 16) // count
    with path.open("wb") as made:
        made.truncate(size)
        for number, (first, end) in enumerate(itertools.pairwise(places)):
            place = body + 16 + number * step + first - places[0]
            struct.pack_into(">I", content, at + 8 + 4 * number, place)
            made.seek(place)
            made.write(content[first:end])
        made.seek(0)
        made.write(content[:body])
        # a box whose length has 64 bits
        made.write(struct.pack(">I4sQ", 1, b"mdat", size - body))


def digest_of(path: Path) -> str:
    """What a file holds."""
    with path.open("rb") as one:
        return hashlib.file_digest(one, "sha256").hexdigest()


def stored(folder: Path, size: int) -> list[Path]:
    """The files of that size."""
    return [one for one in folder.rglob("*") if one.is_file() and one.stat().st_size == size]


class Memory:
    """The most memory that the processes below some had, in bytes, looked at twice a second."""

    def __init__(self, roots: dict[str, int]) -> None:
        self.roots = roots
        self.most = dict.fromkeys(roots, 0)

    async def watch(self) -> None:
        """Until it is cancelled."""
        while True:
            for name, found in self._now().items():
                self.most[name] = max(self.most[name], found)
            await asyncio.sleep(0.5)

    def _now(self) -> dict[str, int]:
        parents: dict[int, int] = {}
        sizes: dict[int, int] = {}
        browsers = set[int]()
        for one in Path("/proc").iterdir():
            if one.name.isdigit():
                try:
                    said = (one / "stat").read_text()
                    parents[int(one.name)] = int(said.rpartition(")")[2].split()[1])
                    if "(chrom" in said:
                        browsers.add(int(one.name))
                    sizes[int(one.name)] = int((one / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
                except (OSError, IndexError):
                    continue
        found = dict.fromkeys(self.roots, 0)
        for name, root in self.roots.items():
            below, more = set[int](), {root}
            while more:
                below |= more
                more = {one for one, parent in parents.items() if parent in more} - below
            # what processes share counts for each of them: the largest of a browser's tells more than their sum
            some = below & browsers if root == os.getpid() else below
            found[name] = max((sizes.get(one, 0) for one in some), default=0)
        return found


async def send(anna: Visitor, path: Path, line: Gate, size: int) -> dict[str, float]:
    """Choose it, lose the line in the middle, load the page anew, and wait until it is in its place."""
    page, took = anna.page, dict[str, float]()
    began = time.monotonic()
    await page.locator(".composer input[type=file]").first.set_input_files(path)
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Send", exact=True).click()
    await expect(dialog).to_have_count(0, timeout=LONGEST_MS)
    took["kept in the browser"] = time.monotonic() - began
    began = time.monotonic()
    await gone_up(page, size // 4)
    line.cut()
    await expect(page.get_by_text("You are offline.")).to_be_visible()
    line.mend()
    await gone_up(page, size // 2)
    await page.reload()
    await expect(page.locator("article.mine.media[data-number]")).to_have_count(1, timeout=LONGEST_MS)
    took["sent, with a lost line and a reload"] = time.monotonic() - began
    return took


async def gone_up(page: Page, part: int) -> None:
    """Wait until so much of it is on the server."""
    bar = page.locator("article progress")

    async def there() -> bool:
        return await bar.count() == 1 and float(await bar.get_attribute("value") or 0) >= part

    await by_and_by(there)


async def by_and_by(asked: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(LONGEST_MS / 1000):
        while not await asked():  # noqa: ASYNC110 - a page tells nobody
            await asyncio.sleep(0.05)


async def play(anna: Visitor, size: int) -> tuple[float, list[tuple[int, int]]]:
    """Play it from its middle: seconds until it does, and the parts that were asked for."""
    parts: list[tuple[int, int]] = []
    page = anna.page
    page.on("response", lambda one: parts.append(part_of(one.headers)) if LINKS in one.url else None)
    await page.get_by_role("button", name=re.compile("^Video")).click()
    video = page.get_by_role("dialog").locator("video")

    async def shows() -> bool:
        return bool(await video.evaluate("(one) => one.readyState > 1"))

    await by_and_by(shows)
    began = time.monotonic()
    await video.evaluate(f"(one) => {{ one.currentTime = {SECONDS / 2}; }}")

    async def goes_on() -> bool:
        return bool(await video.evaluate(f"(one) => !one.seeking && one.currentTime > {SECONDS / 2} + 0.2"))

    await by_and_by(goes_on)
    return time.monotonic() - began, parts


def part_of(headers: dict[str, str]) -> tuple[int, int]:
    """Which part of a file an answer has."""
    found = re.match(r"bytes (\d+)-(\d+)/", headers.get("content-range", ""))
    return (int(found[1]), int(found[2])) if found else (0, 0)


async def measure(folder: Path, size: int) -> bool:
    """All of it; whether it went well."""
    path = folder / "film.mp4"
    await asyncio.to_thread(film, path, size)
    flags = ("--media-file-bytes", str(size + 1), "--media-account-bytes", str(3 * size))
    command = (sys.executable, "-m", "tests.support.quick_server")
    server = ServerProcess(folder / "data", *flags, command=command, cwd=ROOT)
    await server.start()
    line = Gate(lambda: server.url)
    await line.start()
    try:
        async with async_playwright() as playwright:
            context = await on_profile(playwright, folder / "profile")
            anna = await visitor_in(context, [], lambda: line.url)
            anna.may_be_alone = True
            await anna.sign_up("anna", "Anna")
            await anna.page.get_by_role("button", name="New message").first.click()
            await anna.page.get_by_role("dialog").get_by_role("button", name="New group").click()
            dialog = anna.page.get_by_role("dialog")
            await dialog.get_by_label("Name of the group").fill("Films")
            await dialog.get_by_role("button", name="Begin the group").click()
            await anna.composer.wait_for()
            memory = Memory({"server": server.pid, "browser's largest process": os.getpid()})
            watching = asyncio.create_task(memory.watch())
            took = await send(anna, path, line, size)
            begun = line.asked.count("/v1/media")
            took["playing from the middle"], parts = await play(anna, size)
            watching.cancel()
            await context.close()
        for name, seconds in took.items():
            print(f"| {name} | {seconds:.1f} s |")
        for name, most in memory.most.items():
            print(f"| most memory, {name} | {most / 1e6:.0f} MB |", flush=True)
        assert await server.stop() == 0
        same = digest_of(path) in {digest_of(one) for one in await asyncio.to_thread(stored, folder / "data", size)}
    finally:
        await line.stop()
        server.end()
    print(f"{size} bytes; begun {begun} time(s); the same bytes on the server: {same}; parts asked for: {parts[:9]}")
    return same and begun == 1


def main() -> int:
    """Run it; 0 if all went well."""
    wish = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wish.add_argument("--bytes", type=int, default=2_000_000_000)
    with tempfile.TemporaryDirectory(prefix="chinwag-film-") as folder:
        return 0 if asyncio.run(measure(Path(folder), wish.parse_args().bytes)) else 1


if __name__ == "__main__":
    sys.exit(main())

"""What media costs: pictures a second, and blobs put and read beside a bare copy of a file on the same disk.

    python -m bench.media_work [--seconds 10] [--folder FOLDER]

Makes photos of 24 and 2 megapixels, a small drawing and a GIF, and lets a workshop of two processes make each again for
so many seconds; then puts and reads blobs of 1 KB, 100 KB and 100 MB in a store of files, each beside the same bytes
written, synced and read by plain calls. Ends by itself. Nothing else should use the machine meanwhile.
"""

import argparse
import asyncio
import io
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from PIL import Image

from chinwag.adapters.files import FileMediaStore
from chinwag.adapters.workshop import ProcessWorkshop
from chinwag.ports.media_store import MediaStore

AT_ONCE = 4
PIECE = 64 * 1024


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--folder", type=Path, default=None)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        asyncio.run(_measure(Path(folder), arguments.seconds))


async def _measure(folder: Path, seconds: float) -> None:
    workshop = ProcessWorkshop(processes=2)
    print(f"load {os.getloadavg()[0]:.1f}; {os.cpu_count()} cores; two processes")
    print(f"{'picture':>16} {'bytes':>12} {'a second':>9} {'ms each':>8} {'kept bytes':>11}")
    for name, content in _pictures().items():
        path = folder / name
        path.write_bytes(content)
        kept = 0

        async def look(number: int, path: Path = path) -> None:
            nonlocal kept
            into = folder / f"into-{number}"
            into.mkdir()
            found = await workshop.inspect(path, into, as_picture=True)
            assert found.remade
            kept = found.size
            shutil.rmtree(into)

        await look(-1)  # the first starts a process
        count, took = await _for(seconds, look)
        print(f"{name:>16} {len(content):>12,} {count / took:>9.1f} {2_000 * took / count:>8.0f} {kept:>11,}")
    await workshop.close()
    store = FileMediaStore(folder / "media")
    print(f"{'blob':>16} {'':>12} {'put':>9} {'bare':>8} {'read':>11} {'bare':>8}   a second")
    for size in (1_000, 100_000, 100_000_000):
        figures = await _blobs(store, folder, size, seconds / 4)
        print(f"{size:>16,} {'':>12} {figures[0]:>9.1f} {figures[1]:>8.1f} {figures[2]:>11.1f} {figures[3]:>8.1f}")
    await store.close()


async def _blobs(store: MediaStore, folder: Path, size: int, seconds: float) -> tuple[float, float, float, float]:
    """Puts, bare writes, reads and bare reads a second, so many at once."""
    rest = os.urandom(size - 8)
    hashes: list[str] = []

    def content(number: int) -> bytes:
        return number.to_bytes(8, "big") + rest

    async def put(number: int) -> None:
        hashes.append((await store.put(_pieces(content(number)))).hash)

    async def bare(number: int) -> None:
        await asyncio.to_thread(_write, folder / f"bare-{number % 50}", content(number))

    async def read(number: int) -> None:
        async for _ in store.read(hashes[number % len(hashes)]):
            pass

    async def bare_read(number: int) -> None:
        await asyncio.to_thread((folder / f"bare-{number % min(50, written)}").read_bytes)

    count, took = await _for(seconds, put)
    puts = count / took
    written, took = await _for(seconds, bare)
    bares = written / took
    count, took = await _for(seconds, read)
    reads = count / took
    count, took = await _for(seconds, bare_read)
    for hash_ in hashes:
        await store.delete(hash_)
    return puts, bares, reads, count / took


async def _for(seconds: float, work: Callable[[int], Awaitable[None]]) -> tuple[int, float]:
    """How often it was done, `AT_ONCE` at once, and how long that took."""
    numbers, begun = itertools.count(), time.monotonic()
    done = 0

    async def worker() -> None:
        nonlocal done
        while time.monotonic() - begun < seconds:
            await work(next(numbers))
            done += 1

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return done, time.monotonic() - begun


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), PIECE):
        yield content[start : start + PIECE]


def _pictures() -> dict[str, bytes]:
    noise = Image.effect_noise((6_000, 4_000), 20)
    gradient = Image.linear_gradient("L").resize((6_000, 4_000))
    photo = Image.merge("RGB", (noise, gradient, gradient.rotate(180)))
    frames = [Image.new("RGB", (320, 240), (4 * number, 90, 255 - 4 * number)) for number in range(60)]
    drawing = Image.linear_gradient("L").resize((1_000, 800)).quantize(16)
    return {
        "24 MP JPEG": _encoded(photo, "JPEG", quality=90),
        "2 MP JPEG": _encoded(photo.resize((1_600, 1_200)), "JPEG", quality=90),
        "drawing, PNG": _encoded(drawing, "PNG"),
        "GIF, 60 frames": _encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]),
    }


def _encoded(picture: Image.Image, kind: str, **words: object) -> bytes:
    made = io.BytesIO()
    picture.save(made, kind, **words)
    return made.getvalue()


if __name__ == "__main__":
    main()

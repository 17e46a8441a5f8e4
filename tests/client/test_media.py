"""Uploads to a tus server that nobody here wrote, over a line that breaks; downloads from one that breaks off."""

import asyncio
import hashlib
import json
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from chinwag.client import ApiError
from chinwag.client import media as module
from chinwag.client.backoff import Backoff
from chinwag.client.http import Http
from chinwag.client.media import PIECE_BYTES, BrokenOff, MediaFiles
from chinwag.wire.values import ConversationId

ROOT: Final = Path(__file__).parents[2]
HERE: Final = Path(__file__).parent / "tus_server"
PATIENCE: Final = 60.0
TALK: Final = ConversationId("d~1~2")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried at once."""
    monkeypatch.setattr(Backoff, "next", lambda _, __=0.0: 0.0)


@pytest.fixture
async def tus(tmp_path: Path) -> AsyncIterator[tuple[str, Path]]:
    """Its address, and the folder of its files."""
    installed = await asyncio.create_subprocess_exec(
        "tools/web.sh", "node", str(HERE.relative_to(ROOT)), cwd=ROOT, stdout=subprocess.PIPE
    )
    node = (await installed.communicate())[0].decode().strip().splitlines()[-1]
    assert installed.returncode == 0
    folder = tmp_path / "uploads"
    folder.mkdir()
    process = await asyncio.create_subprocess_exec(
        *(node, "server.js", str(folder)), cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            yield json.loads(await process.stdout.readline())["address"], folder
    finally:
        process.kill()
        await process.wait()


class Line:
    """A way to a server, which is cut after so many bytes have gone to it; each entry of `cuts` once."""

    def __init__(self, target: str, *cuts: int) -> None:
        self.port = int(target.rpartition(":")[2])
        self.cuts = list(cuts)
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.port)
        back = asyncio.create_task(self._back(to_reader, writer))
        gone = 0
        while data := await reader.read(16_384):
            gone += len(data)
            if self.cuts and gone >= self.cuts[0]:
                self.cuts.pop(0)
                break
            to_writer.write(data)
            await to_writer.drain()
        back.cancel()
        await asyncio.gather(back, return_exceptions=True)
        writer.transport.abort()
        to_writer.transport.abort()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(16_384):
            writer.write(data)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def asking(url: str) -> AsyncIterator[MediaFiles]:
    """A client's side that has a session."""
    http = Http(url)

    async def access() -> str:
        return "a token"

    async def renew(_: str) -> str:
        return "another"

    http.authorise(access, renew)
    try:
        yield MediaFiles(http)
    finally:
        await http.close()


def big_file(folder: Path) -> Path:
    """One of several pieces."""
    made = folder / "a film.mp4"
    made.write_bytes(os.urandom(3 * PIECE_BYTES + 12_345))
    return made


def nothing_in(folder: Path) -> bool:
    return list(folder.iterdir()) == []


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def test_an_upload_goes_on_where_the_line_was_cut(tus: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = tus
    file = big_file(tmp_path)
    line = Line(url, 400_000, PIECE_BYTES + 700_000, 200_000)
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    told: list[tuple[int, int]] = []
    async with asking(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as files:
        upload = await files._begin(file.stat().st_size, "fïlm “one”.mp4", "file")
        with file.open("rb") as opened:
            await files._send(upload, opened, file.stat().st_size, lambda done, size: told.append((done, size)))
    server.close()
    assert line.cuts == []
    assert line.connections >= 4
    assert digest(folder / upload) == digest(file)
    assert told[-1] == (file.stat().st_size, file.stat().st_size)
    kept = json.loads((folder / f"{upload}.json").read_text())
    assert kept["metadata"] == {"filename": "fïlm “one”.mp4", "as": "file"}


async def test_another_process_goes_on_with_it(tus: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = tus
    file = big_file(tmp_path)
    size = file.stat().st_size
    async with asking(url) as files:
        upload = await files._begin(size, "a film.mp4", "file")
        await files._patch(upload, 0, file.read_bytes()[:1000], size)
    told: list[int] = []
    async with asking(url) as files:
        with file.open("rb") as opened:
            await files._send(upload, opened, size, lambda done, _: told.append(done))
    assert told[0] == 1000, "what had arrived is not sent again"
    assert digest(folder / upload) == digest(file)


async def test_a_line_that_never_holds_is_given_up(tus: tuple[str, Path], tmp_path: Path) -> None:
    url, _ = tus
    file = big_file(tmp_path)
    async with asking(url) as files:
        upload = await files._begin(file.stat().st_size, "a film.mp4", "file")
    line = Line(url, *[100] * 100)
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    async with asking(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as files:
        with pytest.raises(BrokenOff) as told:
            await files.resume_upload(upload, file)
    server.close()
    assert told.value.upload == upload
    assert line.connections <= 2 * module.TRIES


async def test_an_upload_that_is_not_there_says_so(tus: tuple[str, Path], tmp_path: Path) -> None:
    url, _ = tus
    async with asking(url) as files:
        with pytest.raises(ApiError) as told:
            await files.resume_upload("nobody", big_file(tmp_path))
        assert not told.value.retryable
        upload = await files._begin(10, "a", "file")
        await files.drop_upload(upload)
        with pytest.raises(ApiError):
            await files.drop_upload(upload)


class Ranges:
    """Serves `content` by ranges as RFC 9110 has it, and breaks off after each `piece` bytes. changes: it is something
    else from the second request on."""

    def __init__(self, content: bytes, piece: int, *, changes: bool = False) -> None:
        self.content = content
        self.piece = piece
        self.changes = changes
        self.asked: list[int] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert head.startswith("get /v1/conversations/d~1~2/messages/7/media/1280 http/1.1")
        first = int(head.partition("range: bytes=")[2].partition("-")[0] or 0)
        tag = '"2"' if self.changes and self.asked else '"1"'
        if f"if-range: {tag}" not in head:
            first = 0
        self.asked.append(first)
        rest = self.content[first:]
        status = b"206 Partial Content" if first else b"200 OK"
        writer.write(b"HTTP/1.1 %b\r\netag: %b\r\ncontent-length: %d\r\n\r\n" % (status, tag.encode(), len(rest)))
        writer.write(rest[: self.piece])
        writer.close()


@asynccontextmanager
async def served(ranges: Ranges) -> AsyncIterator[MediaFiles]:
    server = await asyncio.start_server(ranges.serve, "127.0.0.1", 0)
    async with asking(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as files:
        yield files
    server.close()


async def test_a_download_goes_on_where_it_broke_off(tmp_path: Path) -> None:
    content = os.urandom(500_000)
    ranges = Ranges(content, 150_000)
    target = tmp_path / "saved.webp"
    async with served(ranges) as files:
        assert await files.save_media(TALK, 7, target, size="1280") == len(content)
        with pytest.raises(FileExistsError):
            await files.save_media(TALK, 7, target, size="1280")
    assert target.read_bytes() == content
    assert ranges.asked[:4] == [0, 150_000, 300_000, 450_000]


async def test_a_download_of_what_has_changed_meanwhile_leaves_no_file(tmp_path: Path) -> None:
    target = tmp_path / "saved.webp"
    async with served(Ranges(os.urandom(500_000), 150_000, changes=True)) as files:
        with pytest.raises(ApiError, match="changed"):
            await files.save_media(TALK, 7, target, size="1280")
    assert nothing_in(tmp_path)


async def test_a_download_that_gets_nowhere_is_given_up(tmp_path: Path) -> None:
    ranges = Ranges(os.urandom(1000), 0)
    async with served(ranges) as files:
        with pytest.raises(BrokenOff):
            await files.save_media(TALK, 7, tmp_path / "saved", size="1280")
    assert len(ranges.asked) == module.TRIES
    assert nothing_in(tmp_path)

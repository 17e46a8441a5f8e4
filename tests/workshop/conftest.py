"""A workshop at work, and a folder for what it makes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from chinwag.adapters.workshop import ProcessWorkshop
from chinwag.ports.workshop import Found

Look = Callable[..., Awaitable[Found]]


@pytest.fixture
async def workshop() -> AsyncIterator[ProcessWorkshop]:
    """With the machine's ffmpeg: tests need it."""
    made = ProcessWorkshop()
    assert made.knows_video, "ffmpeg is missing: tools/setup.sh dev installs it"
    yield made
    await made.close()


@pytest.fixture
async def without_ffmpeg() -> AsyncIterator[ProcessWorkshop]:
    """On a machine that has none."""
    made = ProcessWorkshop(ffmpeg="", ffprobe="")
    yield made
    await made.close()


@pytest.fixture
def look(workshop: ProcessWorkshop, tmp_path: Path) -> Look:
    """What the workshop finds in some bytes: `await look(content, as_picture=True)`."""
    count = 0

    async def looked(
        content: bytes, *, as_picture: bool = True, poster: bytes = b"", by: ProcessWorkshop = workshop
    ) -> Found:
        nonlocal count
        count += 1
        folder = tmp_path / f"look-{count}"
        into = folder / "into"
        into.mkdir(parents=True)
        path, picture = folder / "given", folder / "poster"
        path.write_bytes(content)
        picture.write_bytes(poster)
        found = await by.inspect(path, into, as_picture=as_picture, poster=picture if poster else None)
        assert path.read_bytes() == content
        assert set(into.iterdir()) == {*found.previews.values()} | ({found.original} - {path})
        assert found.size == found.original.stat().st_size
        return found

    return looked

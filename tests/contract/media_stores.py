"""The adapters of the MediaStore, for suites that run over each."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.support.own_seaweed import OwnSeaweed, own_seaweed

from chinwag.adapters.files import FileMediaStore
from chinwag.adapters.s3 import S3MediaStore
from chinwag.ports.media_store import MediaStore


async def pieces(content: bytes, length: int = 64 * 1024) -> AsyncIterator[bytes]:
    """The content, in pieces of that length."""
    for start in range(0, len(content), length):
        yield content[start : start + length]


async def whole(store: MediaStore, hash_: str, start: int = 0, end: int | None = None) -> bytes:
    """What a reader gets."""
    return b"".join([piece async for piece in store.read(hash_, start, end)])


@pytest.fixture(scope="session")
def seaweed() -> Iterator[OwnSeaweed]:
    """The object store of this worker's tests."""
    with own_seaweed() as server:
        yield server


@pytest.fixture(params=["files", "s3"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MediaStore]:
    """One adapter of the MediaStore, empty."""
    opened: MediaStore
    if request.param == "files":
        opened = FileMediaStore(tmp_path / "media")
    else:
        opened = S3MediaStore(request.getfixturevalue("seaweed").bucket())
    yield opened
    await opened.close()

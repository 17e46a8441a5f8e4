"""Media of a data folder come into another store: all of them, once, and only as they were."""

from pathlib import Path

import pytest
from tests.contract.media_stores import pieces, seaweed, store, whole  # noqa: F401 - fixtures

from chinwag.adapters.files import FileMediaStore
from chinwag.adapters.postgres.moving import MoveError
from chinwag.life.backup import Telling
from chinwag.life.folder import MEDIA, media_in
from chinwag.life.move.media import copy_media
from chinwag.ports.media_store import MediaStore


class Counting(Telling):
    """How much it was told of."""

    def __init__(self) -> None:
        self.bytes = 0

    def did(self, count: int) -> None:
        self.bytes += count


async def test_each_file_is_there_afterwards_and_a_second_run_changes_nothing(
    tmp_path: Path,
    store: MediaStore,  # noqa: F811 - the fixture
) -> None:
    data = tmp_path / "old"
    source = FileMediaStore(data / MEDIA)
    contents = [b"", b"one", b"2" * 3_000_000]
    hashes = [(await source.put(pieces(content))).hash for content in contents]
    await source.close()
    (data / MEDIA / "incoming" / "half").write_bytes(b"half")
    await store.put(pieces(contents[1]))
    for _ in range(2):
        telling = Counting()
        assert await copy_media(data, store, telling) == 3
        assert telling.bytes == sum(map(len, contents))
        assert {blob.hash async for blob in store.blobs()} == set(hashes)
    for hash_, content in zip(hashes, contents, strict=True):
        assert await whole(store, hash_) == content


async def test_a_file_that_is_not_what_it_was_stops_the_move(tmp_path: Path) -> None:
    data = tmp_path / "old"
    source = FileMediaStore(data / MEDIA)
    await source.put(pieces(b"one"))
    (damaged,) = media_in(data)
    damaged.write_bytes(b"two!")
    target = FileMediaStore(tmp_path / "new")
    with pytest.raises(MoveError, match="is damaged"):
        await copy_media(data, target, Telling())
    assert [blob async for blob in target.blobs()] == []
    await source.close()
    await target.close()

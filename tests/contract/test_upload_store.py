"""What every UploadStore promises."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contract.media_stores import seaweed  # noqa: F401 - a fixture

from chinwag.adapters.files.upload_store import FileUploadStore
from chinwag.adapters.s3 import S3MediaStore
from chinwag.adapters.s3.upload_store import S3UploadStore
from chinwag.domain.ids import UploadId
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.upload_store import UploadStore

ONE, TWO = UploadId("10"), UploadId("11")


@pytest.fixture(params=["files", "s3"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[UploadStore]:
    """One adapter, empty."""
    opened: UploadStore
    if request.param == "files":
        opened = FileUploadStore(tmp_path / "uploads", 0.0)
    else:
        opened = S3UploadStore(request.getfixturevalue("seaweed").bucket())
    yield opened
    opened.close()


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 8_192])
async def test_a_part_is_read_as_it_was_put(store: UploadStore, content: bytes) -> None:
    await store.put(ONE, "a1", content)
    await store.put(ONE, "a2", b"other")
    assert await store.get(ONE, "a1") == content
    assert await store.get(ONE, "a2") == b"other"


async def test_an_upload_goes_with_all_its_parts_and_no_others(store: UploadStore) -> None:
    for upload in (ONE, TWO):
        for part in range(3):
            await store.put(upload, str(part), b"content")
    assert sorted(await store.uploads()) == [ONE, TWO]
    await store.remove(ONE)
    await store.remove(ONE)
    assert await store.uploads() == [TWO]
    assert await store.get(TWO, "2") == b"content"
    with pytest.raises(Refused) as refusal:
        await store.get(ONE, "0")
    assert refusal.value.code is Code.UNAVAILABLE


async def test_parts_that_do_not_count_go_and_others_stay(store: UploadStore) -> None:
    for part in range(3):
        await store.put(ONE, str(part), b"content")
    await store.drop(ONE, ["0", "2", "never"])
    await store.drop(TWO, ["0"])
    assert await store.get(ONE, "1") == b"content"
    for gone in ("0", "2"):
        with pytest.raises(Refused):
            await store.get(ONE, gone)


async def test_there_is_room_for_little(store: UploadStore) -> None:
    await store.check_room(1_000)


async def test_a_disk_that_is_too_full_is_told_before_anything_is_written(tmp_path: Path) -> None:
    store = FileUploadStore(tmp_path / "uploads", 1.0)
    with pytest.raises(Refused) as refusal:
        await store.check_room(1)
    assert refusal.value.code is Code.STORAGE_FULL
    store.close()


async def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    store = FileUploadStore(tmp_path / "uploads", 0.0)
    (tmp_path / "uploads").rmdir()
    (tmp_path / "uploads").write_bytes(b"in the way")
    with pytest.raises(Refused) as refusal:
        await store.put(ONE, "a", b"x")
    assert refusal.value.code is Code.UNAVAILABLE
    store.close()


async def test_media_do_not_take_parts_for_blobs(request: pytest.FixtureRequest) -> None:
    bucket = request.getfixturevalue("seaweed").bucket()
    parts, media = S3UploadStore(bucket), S3MediaStore(bucket)
    await parts.put(ONE, "a" * 64, b"part")
    assert [blob async for blob in media.blobs()] == []

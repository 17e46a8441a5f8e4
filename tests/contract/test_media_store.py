"""What every MediaStore promises."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator

import pytest
from tests.contract.media_stores import pieces, seaweed, store, whole  # noqa: F401 - fixtures

from chinwag.adapters.s3.media_store import PART_BYTES
from chinwag.ports.media_store import Blob, MediaStore, NoBlobError

LONG = random.Random(1).randbytes(2 * PART_BYTES + 12_345)
"""Longer than what an object store is given in one request."""


def blob_of(content: bytes) -> Blob:
    return Blob(hashlib.sha256(content).hexdigest(), len(content))


async def all_of(store: MediaStore) -> list[Blob]:  # noqa: F811
    return sorted([blob async for blob in store.blobs()], key=lambda blob: blob.hash)


@pytest.mark.parametrize("length", [1, 7, 64 * 1024, 10**9])
@pytest.mark.parametrize("content", [b"", b"x", b"some words", bytes(range(256)) * 5_000, LONG[:PART_BYTES], LONG])
async def test_what_was_put_is_read(store: MediaStore, content: bytes, length: int) -> None:  # noqa: F811
    if length < 64 * 1024 < len(content):
        content = content[: 64 * 1024]  # a million pieces show no more than these
    put = await store.put(pieces(content, length))
    assert put == blob_of(content)
    assert await whole(store, put.hash) == content
    assert await store.size(put.hash) == len(content)
    assert await all_of(store) == [put]


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 1), (0, 10), (3, 3), (5, 4), (9, 10), (9, 11), (10, 12), (11, 12), (4, None), (0, 10**15), (10**15, None)],
)
async def test_a_range_is_what_a_slice_would_be(store: MediaStore, start: int, end: int | None) -> None:  # noqa: F811
    content = b"0123456789"
    put = await store.put(pieces(content))
    assert await whole(store, put.hash, start, end) == content[start:end]


async def test_ranges_of_a_long_blob_are_where_they_should_be(store: MediaStore) -> None:  # noqa: F811
    put = await store.put(pieces(LONG))
    drawn = random.Random(2)
    for _ in range(20):
        start = drawn.randrange(len(LONG))
        end = drawn.randrange(start, len(LONG) + 100)
        assert await whole(store, put.hash, start, end) == LONG[start:end]


async def test_what_is_the_same_is_kept_once(store: MediaStore) -> None:  # noqa: F811
    puts = await asyncio.gather(*(store.put(pieces(content)) for content in (b"one", LONG) for _ in range(5)))
    assert set(puts) == {blob_of(b"one"), blob_of(LONG)}
    assert await all_of(store) == sorted(set(puts), key=lambda blob: blob.hash)
    for content in (b"one", LONG):
        assert await whole(store, blob_of(content).hash) == content


async def test_many_at_once_do_not_mix(store: MediaStore) -> None:  # noqa: F811
    contents = [f"blob {number}".encode() * (number + 1) for number in range(60)]
    puts = await asyncio.gather(*(store.put(pieces(content, 13)) for content in contents))
    assert puts == [blob_of(content) for content in contents]
    assert await asyncio.gather(*(whole(store, put.hash) for put in puts)) == contents
    assert len(await all_of(store)) == len(contents)


@pytest.mark.parametrize(
    "hash_",
    [
        "",
        "a",
        "0" * 64,
        "0" * 63,
        "0" * 65,
        "A" * 64,
        "../../../../etc/passwd",
        "0/" * 32,
        "\0" * 64,
        "é" * 64,
        "0" * 10**6,
    ],
    ids=lambda text: f"{text[:8]!r}-{len(text)}",
)
async def test_a_hash_of_nothing_has_no_blob(store: MediaStore, hash_: str) -> None:  # noqa: F811
    await store.put(pieces(b"another"))
    assert await store.size(hash_) is None
    with pytest.raises(NoBlobError):
        await whole(store, hash_)
    await store.delete(hash_)
    assert len(await all_of(store)) == 1


async def test_what_is_deleted_is_gone_and_may_come_again(store: MediaStore) -> None:  # noqa: F811
    put, other = await store.put(pieces(b"one")), await store.put(pieces(b"other"))
    await store.delete(put.hash)
    await store.delete(put.hash)
    assert await store.size(put.hash) is None
    with pytest.raises(NoBlobError):
        await whole(store, put.hash)
    assert await all_of(store) == [other]
    assert await store.put(pieces(b"one")) == put
    assert await whole(store, put.hash) == b"one"


async def test_a_reader_of_what_is_deleted_gets_no_other_bytes(store: MediaStore) -> None:  # noqa: F811
    put = await store.put(pieces(LONG))
    reading = store.read(put.hash)
    read = await anext(reading)
    await store.delete(put.hash)
    try:
        async for piece in reading:
            read += piece
    except Exception:
        assert len(read) < len(LONG)
    assert LONG.startswith(read)


@pytest.mark.parametrize("before", [0, 10, len(LONG)])
async def test_a_source_that_breaks_leaves_nothing(store: MediaStore, before: int) -> None:  # noqa: F811
    class BrokenError(Exception):
        pass

    async def source() -> AsyncIterator[bytes]:
        async for piece in pieces(LONG[:before]):
            yield piece
        raise BrokenError

    with pytest.raises(BrokenError):
        await store.put(source())
    assert await all_of(store) == []


@pytest.mark.parametrize("before", [10, len(LONG)])
async def test_a_put_that_is_cancelled_leaves_nothing(store: MediaStore, before: int) -> None:  # noqa: F811
    reached, never = asyncio.Event(), asyncio.Event()

    async def source() -> AsyncIterator[bytes]:
        async for piece in pieces(LONG[:before]):
            yield piece
        reached.set()
        await never.wait()

    put = asyncio.create_task(store.put(source()))
    await reached.wait()
    put.cancel()
    with pytest.raises(asyncio.CancelledError):
        await put
    assert await all_of(store) == []


async def test_a_reader_that_stops_early_holds_nothing(store: MediaStore) -> None:  # noqa: F811
    put = await store.put(pieces(LONG))
    for _ in range(50):
        reading = store.read(put.hash)
        assert LONG.startswith(await anext(reading))
        await reading.aclose()  # type: ignore[attr-defined]
    assert await whole(store, put.hash) == LONG

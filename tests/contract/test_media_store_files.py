"""What only media in files can be: what a crash leaves of them, a disk that is full, rights."""

import asyncio
import errno
import hashlib
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contract.killed_puts import CONTENTS
from tests.contract.media_stores import pieces, whole

from chinwag.adapters.files import FileMediaStore, media_store
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.media_store import StoreFullError


async def test_nothing_acked_is_missing_wherever_it_is_killed(tmp_path: Path) -> None:
    done = await asyncio.to_thread(_killed_puts, tmp_path)
    for moment, status, *said in done:
        acked = [word for word in said if len(word) == 64]
        await _check(tmp_path / moment / "media", acked[:-1] if "deleting" in said else acked)
        assert (status == "0") == ("deleted" in said)
        assert status in ("0", str(-signal.SIGKILL))
    assert len(acked) == len(CONTENTS)
    assert len(done) > len(CONTENTS) * 3


def _killed_puts(folder: Path) -> list[list[str]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.contract.killed_puts", folder], stdout=subprocess.PIPE, text=True, check=True
    )
    return [line.split() for line in done.stdout.splitlines()]


async def _check(folder: Path, acked: list[str]) -> None:
    """All that was acked is whole, all that is there is whole, and nothing else is left after the next start."""
    for draft in (folder / "incoming").iterdir():
        os.utime(draft, (0, 0))
    store = FileMediaStore(folder)
    known = {hashlib.sha256(content).hexdigest(): content for content in CONTENTS}
    there = {blob.hash: blob.size async for blob in store.blobs()}
    assert set(acked) <= there.keys() <= known.keys()
    for hash_, size in there.items():
        assert size == len(known[hash_])
        assert await whole(store, hash_) == known[hash_]
    assert list((folder / "incoming").iterdir()) == []
    assert _files(folder) == sorted(there)
    await store.close()


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


async def test_a_start_takes_nothing_of_a_writer_that_lives(tmp_path: Path) -> None:
    store = FileMediaStore(tmp_path / "media")
    half, go_on = asyncio.Event(), asyncio.Event()

    async def source() -> AsyncIterator[bytes]:
        yield b"x" * media_store.PIECE_BYTES
        yield b"y"
        half.set()
        await go_on.wait()

    putting = asyncio.create_task(store.put(source()))
    await half.wait()
    [draft] = (tmp_path / "media" / "incoming").iterdir()
    os.utime(draft, (0, 0))
    again = FileMediaStore(tmp_path / "media")
    go_on.set()
    put = await putting
    assert await again.size(put.hash) == media_store.PIECE_BYTES + 1
    await store.close()
    await again.close()


async def test_a_draft_that_was_just_made_is_left(tmp_path: Path) -> None:
    store = FileMediaStore(tmp_path / "media")
    young, old = (tmp_path / "media" / "incoming" / name for name in ("young", "old"))
    for path in (young, old):
        path.write_bytes(b"x")
    long_ago = time.time() - media_store.LEFT_SECONDS - 1
    os.utime(old, (long_ago, long_ago))
    assert media_store.sweep(young.parent) == 1
    assert young.exists()
    await store.close()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
async def test_a_disk_that_takes_no_more_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    store = FileMediaStore(tmp_path / "media")

    def fails(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fails)
        with pytest.raises(Refused if number == errno.EIO else StoreFullError) as told:
            await store.put(pieces(b"words"))
    assert getattr(told.value, "code", None) == (Code.UNAVAILABLE if number == errno.EIO else None)
    assert [blob async for blob in store.blobs()] == []
    put = await store.put(pieces(b"words"))
    assert await whole(store, put.hash) == b"words"
    await store.close()


async def test_a_folder_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    store = FileMediaStore(tmp_path / "media")
    (tmp_path / "media" / "incoming").rmdir()
    with pytest.raises(Refused) as told:
        await store.put(pieces(b"words"))
    assert told.value.code is Code.UNAVAILABLE
    await store.close()


async def test_a_store_that_is_closed_is_unavailable(tmp_path: Path) -> None:
    store = FileMediaStore(tmp_path / "media")
    put = await store.put(pieces(b"words"))
    await store.close()
    for call in (store.put(pieces(b"others")), store.size(put.hash), store.delete(put.hash), whole(store, put.hash)):
        with pytest.raises(Refused) as told:
            await call
        assert told.value.code is Code.UNAVAILABLE


async def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = FileMediaStore(tmp_path / "media")
        await store.put(pieces(b"words"))
    finally:
        os.umask(before)
    for path in (tmp_path / "media", *(tmp_path / "media").rglob("*")):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
    await store.close()


async def test_files_have_no_link(tmp_path: Path) -> None:
    store = FileMediaStore(tmp_path / "media")
    put = await store.put(pieces(b"words"))
    assert await store.link(put.hash, 60) is None
    await store.close()

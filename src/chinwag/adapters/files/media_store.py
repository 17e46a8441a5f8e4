"""Media as files: `ab/cd/abcd…`, named by the hash of what is in them, and `incoming/` for what is being written.

A file gets its name once it is whole and on disk, so whatever has a name is whole. Several processes may share the
folder: each holds a lock upon what it is writing, which the system lets go when it dies.
"""

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import os
import threading
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

import structlog

from chinwag.domain.refusal import Code, Refused
from chinwag.lasting import draft_name, lasting_folder, new_file, sync_folder
from chinwag.ports.media_store import Blob, NoBlobError, StoreFullError

THREADS: Final = 8
"""Calls that wait for the disk at once; others wait for them."""
PIECE_BYTES: Final = 512 * 1024
"""What one visit to a thread reads or writes."""
LEFT_SECONDS: Final = 60.0
"""A draft that is younger may be one whose writer has not locked it yet."""
_INCOMING: Final = "incoming"
_DIGITS: Final = frozenset("0123456789abcdef")
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_log = structlog.get_logger(__name__)
T = TypeVar("T")


class FileMediaStore:
    """`MediaStore` upon a folder."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder if it is not there, and takes away what writers that died have left. Blocks. Raises
        OSError, `NoFolderError`."""
        self._folder = folder
        self._incoming = lasting_folder(folder / _INCOMING)
        self._lasting: set[str] = set()  # at most 256 names
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="media")
        sweep(self._incoming)

    async def put(self, content: AsyncIterable[bytes]) -> Blob:
        draft: _Draft | None = None
        gathered: list[bytes] = []
        size = 0
        try:
            async for piece in content:
                gathered.append(piece)
                size += len(piece)
                if size >= PIECE_BYTES:
                    if draft is None:
                        draft = await self._in_thread(lambda: _Draft(self._incoming))
                    await self._in_thread(partial(draft.write, gathered))
                    gathered, size = [], 0
            if draft is None:  # all at once
                return await self._in_thread(lambda: self._keep_whole(gathered))
            await self._in_thread(partial(draft.write, gathered))
            return await self._in_thread(partial(self._keep, draft))
        finally:
            if draft is not None:
                # not waited for: a call that is cancelled ends at once
                with contextlib.suppress(RuntimeError):
                    self._threads.submit(draft.discard)

    async def read(self, hash_: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        path = self._path(hash_)
        opened = await self._in_thread(lambda: _opened(path, start, end)) if path else None
        if opened is None:
            raise NoBlobError(hash_[:64])
        file, left, piece = opened
        try:
            while piece:
                yield piece
                left -= len(piece)
                if left <= 0:
                    return
                piece = await self._in_thread(partial(file.read, min(PIECE_BYTES, left)))
        finally:
            try:
                self._threads.submit(file.close)
            except RuntimeError:  # the store is closed
                file.close()

    async def size(self, hash_: str) -> int | None:
        path = self._path(hash_)
        return await self._in_thread(lambda: _size(path)) if path else None

    async def delete(self, hash_: str) -> None:
        path = self._path(hash_)
        if path is not None:
            await self._in_thread(lambda: _remove(path))

    async def blobs(self) -> AsyncIterator[Blob]:
        for first in range(256):
            for blob in await self._in_thread(lambda first=first: list(_blobs(self._folder / f"{first:02x}"))):  # type: ignore[misc]
                yield blob

    async def link(self, hash_: str, seconds: int, media_type: str = "", disposition: str = "") -> str | None:
        return None

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _keep(self, draft: "_Draft") -> Blob:
        """In a thread. Give the draft its name; durable on return, also where another process has made the folders."""
        hash_, size = draft.finish()
        first = self._folder / hash_[:2]
        if first.name not in self._lasting:
            lasting_folder(first)
            self._lasting.add(first.name)
        second = lasting_folder(first / hash_[2:4])
        draft.rename(second / hash_)
        sync_folder(second)
        return Blob(hash_, size)

    def _keep_whole(self, pieces: list[bytes]) -> Blob:
        """In a thread. The same of what is short enough to be written at once."""
        draft = _Draft(self._incoming)
        try:
            draft.write(pieces)
            return self._keep(draft)
        finally:
            draft.discard()

    def _path(self, hash_: str) -> Path | None:
        return self._folder / hash_[:2] / hash_[2:4] / hash_ if _is_hash(hash_) else None

    async def _in_thread(self, call: Callable[[], T]) -> T:
        """What the disk says: a full one and one that cannot be used are told apart."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, call)
        except OSError as error:
            if error.errno in _FULL:
                raise StoreFullError(error.strerror) from error
            _log.warning("media cannot be kept or read", folder=str(self._folder), error=error.strerror)
            raise Refused(Code.UNAVAILABLE, "media cannot be kept or read", 1.0) from error
        except RuntimeError:  # the threads are gone
            raise Refused(Code.UNAVAILABLE, "the server is stopping", 1.0) from None


class _Draft:
    """A file that has no name yet. Its calls may come from several threads: one waits for another."""

    def __init__(self, folder: Path) -> None:
        self._path = draft_name(folder / "blob")
        self._file = new_file(self._path)
        self._hash = hashlib.sha256()
        self._alone = threading.Lock()
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def write(self, pieces: list[bytes]) -> None:
        with self._alone:
            for piece in pieces:
                self._hash.update(piece)
                self._file.write(piece)

    def finish(self) -> tuple[str, int]:
        """Hash and size, when it is on disk."""
        with self._alone:
            self._file.flush()
            os.fsync(self._file.fileno())
            return self._hash.hexdigest(), self._file.tell()

    def rename(self, path: Path) -> None:
        with self._alone:
            self._path.replace(path)

    def discard(self) -> None:
        """Take it away unless it has a name."""
        with self._alone:
            self._path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # what a full disk has not taken is not wanted any more
                self._file.close()


def sweep(incoming: Path) -> int:
    """Take away drafts whose writers are dead; how many. Blocks."""
    taken = 0
    for path in list(incoming.iterdir()):
        with contextlib.suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if time.time() - os.fstat(file.fileno()).st_mtime >= LEFT_SECONDS:
                path.unlink(missing_ok=True)
                taken += 1
    return taken


def _is_hash(text: str) -> bool:
    return len(text) == 64 and _DIGITS.issuperset(text)


def _opened(path: Path, start: int, end: int | None) -> tuple[BinaryIO, int, bytes] | None:
    """The file, how many bytes of it are wanted, and the first of them; None if there is none."""
    with contextlib.suppress(FileNotFoundError):
        file = path.open("rb")
        try:
            size = os.fstat(file.fileno()).st_size
            start = min(max(0, start), size)
            file.seek(start)
            left = max(0, (size if end is None else min(end, size)) - start)
            return file, left, file.read(min(PIECE_BYTES, left))
        except BaseException:
            file.close()
            raise
    return None


def _size(path: Path) -> int | None:
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_size
    return None


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except FileNotFoundError:
        if not path.parent.is_dir():
            return
    # also when another call has taken it away: that one may not have synced yet
    sync_folder(path.parent)


def _blobs(first: Path) -> list[Blob]:
    """Those below one of the 256 folders."""
    found = []
    for second in _entries(first):
        for entry in _entries(Path(second.path)):
            with contextlib.suppress(FileNotFoundError):
                if _is_hash(entry.name):
                    found.append(Blob(entry.name, entry.stat(follow_symlinks=False).st_size))
    return found


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []

"""Parts of uploads as files: a folder for each upload, in it a file for each part."""

import asyncio
import contextlib
import errno
import itertools
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

import structlog

from chinwag.domain.ids import UploadId
from chinwag.domain.refusal import Code, Refused
from chinwag.lasting import NoFolderError, lasting_folder, whole_file

THREADS: Final = 4
"""Calls that wait for the disk at once; others wait for them."""
LISTED: Final = 5_000
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_log = structlog.get_logger(__name__)
T = TypeVar("T")


class FileUploadStore:
    """`UploadStore` upon a folder."""

    def __init__(self, folder: Path, free: float) -> None:
        """free: the share of the disk that stays free. Makes the folder. Blocks. Raises OSError, `NoFolderError`."""
        self._folder = lasting_folder(folder)
        self._free = free
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="uploads")

    async def put(self, upload: UploadId, name: str, content: bytes) -> None:
        def write() -> None:
            with whole_file(lasting_folder(self._of(upload)) / name) as file:
                file.write(content)

        await self._in_thread(write)

    async def get(self, upload: UploadId, name: str) -> bytes:
        return await self._in_thread((self._of(upload) / name).read_bytes)

    async def drop(self, upload: UploadId, names: Sequence[str]) -> None:
        def drop() -> None:
            for name in names:
                (self._of(upload) / name).unlink(missing_ok=True)

        await self._in_thread(drop)

    async def remove(self, upload: UploadId) -> None:
        def remove() -> None:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self._of(upload))

        await self._in_thread(remove)

    async def uploads(self) -> list[UploadId]:
        def names() -> list[UploadId]:
            with os.scandir(self._folder) as entries:
                return [UploadId(entry.name) for entry in itertools.islice(entries, LISTED)]

        return await self._in_thread(names)

    async def check_room(self, size: int) -> None:
        disk = await self._in_thread(lambda: shutil.disk_usage(self._folder))
        if disk.free - size < disk.total * self._free:
            raise Refused(Code.STORAGE_FULL)

    def close(self) -> None:
        """End its threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _of(self, upload: UploadId) -> Path:
        return self._folder / upload

    async def _in_thread(self, call: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, call)
        except OSError as error:
            if error.errno in _FULL:
                raise Refused(Code.STORAGE_FULL) from error
            _log.warning("an upload cannot be kept or read", folder=str(self._folder), error=error.strerror)
            raise Refused(Code.UNAVAILABLE, "uploads cannot be kept or read", 1.0) from error
        except NoFolderError as error:
            _log.warning("an upload cannot be kept", folder=str(self._folder), error=str(error))
            raise Refused(Code.UNAVAILABLE, "uploads cannot be kept or read", 1.0) from error
        except RuntimeError:  # the threads are gone
            raise Refused(Code.UNAVAILABLE, "the server is stopping", 1.0) from None

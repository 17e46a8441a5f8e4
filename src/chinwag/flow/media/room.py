"""Room for what is made of uploads: looked for, and held until it is made, so that two do not count on the same."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from chinwag.domain.refusal import Code, Refused
from chinwag.ports.upload_store import UploadStore


class Room:
    """Of one process: in its own folder, and where parts and media lie."""

    def __init__(self, folder: Path, parts: UploadStore, free: float) -> None:
        """folder: of this machine, in which files are looked at. free: the share of its disk that stays free."""
        self._folder = folder
        self._parts = parts
        self._free = free
        self._held = 0

    @asynccontextmanager
    async def held(self, size: int) -> AsyncIterator[None]:
        """So many bytes, until the block ends. Raises `storage_full`, `unavailable`."""
        self._held += size
        try:
            await self._parts.check_room(self._held)
            # with an object store that one sees to the bucket alone, and the folder has a disk of its own
            disk = await asyncio.to_thread(shutil.disk_usage, self._folder)
            if disk.free - self._held < disk.total * self._free:
                raise Refused(Code.STORAGE_FULL, "there is no room to look at files")
            yield
        finally:
            self._held -= size

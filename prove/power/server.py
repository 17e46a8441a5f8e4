"""A server on a disk whose power can be cut."""

import asyncio
import fcntl
import os
import random
import shutil
import signal
import sys
from pathlib import Path
from typing import Final

import msgspec
from tests.support.process import ServerProcess

from prove.power.cut import Way, cut, differences
from prove.power.disk import Disk
from prove.power.library import environment
from prove.power.record import read_record

SETTINGS: Final = (
    *(flag for kind in ("sends", "frames", "requests", "marks") for flag in (f"--limits-{kind}-per-second", "100000")),
    *(flag for kind in ("sends", "frames", "requests", "marks") for flag in (f"--limits-{kind}-burst", "1000000")),
    *("--limits-strangers-per-second", "100000", "--accounts-access-token-minutes", "60"),
    *("--accounts-sign-ups-per-address", "100000"),
)
"""The limits on single people, out of the way."""

SYNC_US: Final = 4000
"""What a sync takes besides: as on a plain disk, so that the power often goes while one is under way."""
AMID_SECONDS: Final = 5
START_BYTES: Final = 40_000
"""About what a start writes into the record."""


class Dropped(msgspec.Struct):
    """Bytes that were written and are not there after a cut."""

    rocksdb: int = 0
    sqlite: int = 0


class RecordIncomplete(Exception):  # noqa: N818 - it says what the record is
    """The record does not tell all that was done to the disk: the cut would show nothing."""


class PoweredServer:
    """`chinwag serve` on the folder `data` of a disk of its own, which is empty at first."""

    def __init__(self, folder: Path) -> None:
        """folder: where the disk, the record and the log are kept."""
        self._folder = folder
        self._disk_path = folder / "disk"
        self._record_path = folder / "record"
        self._disk_path.mkdir()
        self._process: ServerProcess | None = None
        self._disk = Disk(self._disk_path)

    @property
    def url(self) -> str:
        """Where it listens now."""
        assert self._process is not None
        return self._process.url

    async def start(self, without_sync: str | None = None) -> None:
        """Start it, and wait until it is ready. without_sync: whose syncs do nothing, as `environment` says.

        Raises TimeoutError, after which the power may be cut, and AssertionError if the server ends instead.
        """
        await self._begin(without_sync).start()

    async def cut_in_start(self, way: Way, chance: random.Random, without_sync: str | None = None) -> Dropped:
        """Start it, and cut its power somewhere on the way to being ready."""
        starting = asyncio.create_task(self._begin(without_sync).start())
        moment = chance.randint(1, START_BYTES)
        while not starting.done() and self._record_path.stat().st_size < moment:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.001)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        return await self.cut(way, chance)

    def _begin(self, without_sync: str | None) -> ServerProcess:
        self._record_path.write_bytes(b"")
        self._disk = Disk(self._disk_path)
        settings = environment(self._disk_path, self._record_path, without_sync, SYNC_US)
        command = ("env", *(f"{name}={value}" for name, value in settings.items()), sys.executable, "-m", "chinwag.cli")
        self._process = ServerProcess(self._disk_path / "data", *SETTINGS, command=command)
        self._process._log_path = self._folder / "server.log"  # noqa: SLF001 - its own is on the disk
        return self._process

    async def cut(self, way: Way, chance: random.Random, amid: str | None = None) -> Dropped:
        """Cut the power: the process ends between two calls, and the disk holds what `way` leaves of it.

        amid: wait for a moment at which something is written and not yet synced in the file that is called so;
        `AMID_SECONDS` at most. Raises RecordIncomplete, and then leaves all as it is.
        """
        assert self._process is not None
        clock = asyncio.get_running_loop().time
        until = clock() + AMID_SECONDS
        with self._record_path.open("rb") as record:
            while True:
                # Whoever holds this lock holds every call that changes the disk: the record tells exactly what is done.
                fcntl.flock(record, fcntl.LOCK_EX)
                self._disk.play(read_record(record))
                if amid is None or self._disk.unsynced(amid) or clock() > until:
                    break
                fcntl.flock(record, fcntl.LOCK_UN)
                await asyncio.sleep(0)
            os.kill(self._process.pid, signal.SIGKILL)
            await self._process.exited()
        return self._lose(way, chance)

    def _lose(self, way: Way, chance: random.Random) -> Dropped:
        if missed := differences(self._disk):
            raise RecordIncomplete("; ".join(missed))
        image = cut(self._disk, way, chance)
        shutil.rmtree(self._disk_path)
        self._disk_path.mkdir()
        image.write(self._disk_path)
        dropped = Dropped()
        for path, count in image.dropped.items():
            if path.name.startswith("LOG"):
                continue  # what RocksDB says for people is never synced
            if "messages" in path.parts:
                dropped.rocksdb += count
            elif path.name.startswith("directory.sqlite"):
                dropped.sqlite += count
        return dropped

    async def stop(self) -> None:
        """Stop it in good order."""
        assert self._process is not None
        code = await self._process.stop()
        assert code == 0, self.log()

    def end(self) -> None:
        """Leave no process behind."""
        if self._process is not None:
            self._process.end()

    def log(self) -> str:
        """What it wrote, over all starts."""
        return self._process.log() if self._process is not None else ""

"""A data folder on a small disk of its own, which can be full.

The disk is a tmpfs. Root mounts it; anybody else gets it in a user and mount namespace of its own, which a small
process holds, and the server is started inside (`command`). Where neither is permitted, `NoDiskError` says so.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

SECONDS: Final = 10.0
"""For how long a mount is waited for."""
BYTES: Final = 2 << 30
"""What fits on the disk while it is not full; only what is used takes memory."""
TRIES: Final = 100
_HOLD: Final = 'mount -t tmpfs -o "size=$1,mode=0700" chinwag "$2" && echo held && exec cat'


class NoDiskError(Exception):
    """No disk can be mounted here; the message says what is missing."""


class Disk:
    """A mounted disk. `folder` is where the server finds it: to be its data folder."""

    def __init__(self, folder: Path, holder: asyncio.subprocess.Process | None) -> None:
        self.folder = folder
        self._inside = (
            ("nsenter", "--user", "--mount", "--preserve-credentials", f"--target={holder.pid}", "--")
            if (holder)
            else ()
        )
        self.seen = Path(f"/proc/{holder.pid}/root{folder}") if holder else folder
        """Where others find it: a namespace is seen from outside through the process that holds it."""

    @property
    def command(self) -> tuple[str, ...]:
        """What `ServerProcess(command=...)` needs so that the server sees the disk."""
        return (*self._inside, sys.executable, "-m", "chinwag.cli")

    def inside(self, *command: str) -> tuple[str, ...]:
        """`command`, so that it sees the disk: for a server that is not the plain one."""
        return (*self._inside, *command)

    @property
    def used(self) -> int:
        """Bytes that files take."""
        found = os.statvfs(self.seen)
        return (found.f_blocks - found.f_bfree) * found.f_frsize

    async def fill(self) -> None:
        """From now on no file grows and none is made: not a byte is left."""
        for _ in range(TRIES):  # what is written meanwhile makes the size too small to be taken
            if await self._resize(max(self.used, 4096)):
                return
        raise NoDiskError(f"{self.folder} is written to faster than it can be filled")

    async def free(self) -> None:
        """There is room again."""
        if not await self._resize(BYTES):
            raise NoDiskError(f"{self.folder} could not be given its room again")

    @contextlib.asynccontextmanager
    async def full(self) -> AsyncIterator[None]:
        """Full inside the block, and free after it, whatever happens."""
        await self.fill()
        try:
            yield
        finally:
            await self.free()

    async def _resize(self, size: int) -> bool:
        code, _ = await _run(*self._inside, "mount", "-o", f"remount,size={size}", str(self.folder))
        return code == 0


@contextlib.asynccontextmanager
async def small_disk(folder: Path) -> AsyncIterator[Disk]:
    """A disk at `folder`, made if it is not there, and gone afterwards with what is on it. Raises `NoDiskError`."""
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - at once
    if os.geteuid() == 0:
        code, _ = await _run("mount", "-t", "tmpfs", "-o", f"size={BYTES},mode=0700", "chinwag", str(folder))
        if code == 0:
            try:
                yield Disk(folder, None)
            finally:
                await _run("umount", "--lazy", str(folder))
            return
    async with _held(folder) as holder:
        yield Disk(folder, holder)


@contextlib.asynccontextmanager
async def _held(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    try:
        holder = await asyncio.create_subprocess_exec(
            *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _HOLD, "hold", str(BYTES), str(folder)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except FileNotFoundError:
        raise NoDiskError("no small disk: `unshare` is missing (on Debian: apt-get install util-linux)") from None
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        async with asyncio.timeout(SECONDS):
            said = (await holder.stdout.readline()).decode().strip()
        if said != "held":
            raise NoDiskError(
                f"no small disk: root can mount one, anybody else where user namespaces are permitted ({said})"
            )
        yield holder
    finally:
        holder.stdin.close()  # it reads until the end, also of this process: nothing is left behind
        with contextlib.suppress(ProcessLookupError):
            holder.kill()
        await holder.wait()


async def _run(*command: str) -> tuple[int, str]:
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
    except FileNotFoundError as error:
        return 127, str(error)
    async with asyncio.timeout(SECONDS):
        said, _ = await process.communicate()
    return process.returncode or 0, said.decode(errors="replace").strip()

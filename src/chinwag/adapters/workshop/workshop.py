"""The Workshop upon processes of the workbench. What they say is believed as little as the files that they read."""

import asyncio
import math
import os
import shutil
import stat
from pathlib import Path
from typing import Final

import msgspec

from chinwag.adapters.workshop.pool import Pool, PoolRules
from chinwag.ports.workshop import FILE_TYPE, SHOWN_TYPES, Found, PreviewPixels
from chinwag.workbench.messages import AVATAR, COPY, LARGE, NAMES, ORIGINAL, SMALL, Bounds, Done, Job

MEGABYTE: Final = 1024 * 1024
MEMORY_BYTES: Final = 512 * MEGABYTE
COPY_MEMORY_BYTES: Final = 2_048 * MEGABYTE
"""The encoder looks at many frames at once."""
CPU_SECONDS: Final = 20
JOB_SECONDS: Final = 120.0
JOBS: Final = 100
WAITING: Final = 1_000
COPIES_WAITING: Final = 100
COPY_CPU_SECONDS: Final = 1_800
COPY_TIMES: Final = 4
"""How many times a video's duration its copy may take of CPU."""
COPY_SECONDS: Final = 7_200.0
LEAST_COPY_SECONDS: Final = 20
ROOM_BYTES: Final = 64 * MEGABYTE
"""How much longer than its source a file may be."""
BLUR_BYTES: Final = 25
MOST_PIXELS: Final = 1 << 16
MOST_SECONDS: Final = 1_000_000.0
_TYPES: Final = SHOWN_TYPES | {"image/heic"}


class ProcessWorkshop:
    """`Workshop`. processes: how many look at files at once. ffmpeg, ffprobe: the machine's, or where they are; empty:
    videos are kept as they are."""

    def __init__(
        self, processes: int = 2, waiting: int = WAITING, ffmpeg: str | None = None, ffprobe: str | None = None
    ) -> None:
        self._ffmpeg = (shutil.which("ffmpeg") or "") if ffmpeg is None else ffmpeg
        self._ffprobe = (shutil.which("ffprobe") or "") if ffprobe is None else ffprobe
        self.pool: Final = Pool(
            PoolRules(
                processes=processes,
                waiting=waiting,
                jobs=JOBS,
                seconds=JOB_SECONDS,
                bounds=Bounds(memory=MEMORY_BYTES, nice=5),
            )
        )
        self.copies: Final = Pool(
            PoolRules(
                processes=1,
                waiting=COPIES_WAITING,
                jobs=1,
                seconds=COPY_SECONDS,
                bounds=Bounds(memory=COPY_MEMORY_BYTES, nice=19),
            )
        )

    @property
    def knows_video(self) -> bool:
        """Whether this machine has what looks into videos."""
        return bool(self._ffmpeg and self._ffprobe)

    async def inspect(self, path: Path, into: Path, *, as_picture: bool, poster: Path | None = None) -> Found:
        job = await self._job("inspect", path, into)
        job = msgspec.structs.replace(job, as_picture=as_picture, poster=str(poster or ""))
        done = await self.pool.run(job)
        if done is None and as_picture:  # it died over the picture, not over what is written beside it
            done = await self.pool.run(msgspec.structs.replace(job, kind="bare"))
        done = done or Done()
        return await asyncio.to_thread(_found, done, path, into)

    async def avatar(self, path: Path, into: Path) -> Path | None:
        done = await self.pool.run(await self._job("avatar", path, into))
        return await asyncio.to_thread(_made, into, done.made, AVATAR) if done else None

    async def smaller_copy(self, path: Path, into: Path, duration: float | None = None) -> Path | None:
        if not self._ffmpeg:
            return None
        seconds = COPY_CPU_SECONDS
        if duration:
            seconds = max(LEAST_COPY_SECONDS, min(COPY_CPU_SECONDS, math.ceil(COPY_TIMES * duration)))
        job = msgspec.structs.replace(await self._job("copy", path, into), cpu_seconds=seconds)
        done = await self.copies.run(job)
        made = await asyncio.to_thread(_made, into, done.made, COPY) if done else None
        if made is not None and await asyncio.to_thread(_size, made) < await asyncio.to_thread(_size, path):
            return made
        return None

    async def close(self) -> None:
        await self.pool.close()
        await self.copies.close()

    async def _job(self, kind: str, path: Path, into: Path) -> Job:
        size = await asyncio.to_thread(_size, path)
        return Job(
            kind=kind,  # type: ignore[arg-type]
            path=_whole(path),
            into=_whole(into),
            cpu_seconds=CPU_SECONDS,
            file_bytes=size + ROOM_BYTES,
            ffmpeg=self._ffmpeg,
            ffprobe=self._ffprobe,
        )


def _found(done: Done, path: Path, into: Path) -> Found:
    """What of an answer can be believed. Blocks."""
    original = _made(into, done.original, ORIGINAL)
    small, large = (_made(into, name, SMALL, LARGE) for name in (done.small, done.large))
    previews: dict[PreviewPixels, Path] = {320: small, 1280: large} if small and large else {}
    is_sized = 0 < done.width < MOST_PIXELS and 0 < done.height < MOST_PIXELS
    return Found(
        media_type=done.media_type if done.media_type in _TYPES else FILE_TYPE,
        size=_size(original or path),
        original=original or path,
        width=done.width if is_sized else None,
        height=done.height if is_sized else None,
        duration=done.duration if 0 < done.duration < MOST_SECONDS else None,
        blur=done.blur if len(done.blur) <= BLUR_BYTES else b"",
        previews=previews,
        to_copy=done.to_copy,
        remade=original is not None,
    )


def _made(into: Path, name: str, *expected: str) -> Path | None:
    """The file of that name, if it is one that was to be made, and no link to somewhere else."""
    if name not in expected or name not in NAMES:
        return None
    path = into / name
    try:
        status = path.lstat()
    except OSError:
        return None
    ours = stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and status.st_uid == os.geteuid()
    return path if ours and status.st_size else None


def _whole(path: Path) -> str:
    """The process works elsewhere."""
    return str(path.absolute())


def _size(path: Path) -> int:
    return path.stat().st_size

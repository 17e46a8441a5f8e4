"""What the machine gives: files, room, time, and how fast a disk says that it has written."""

import ctypes
import os
import resource
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from chinwag.domain.ids import EPOCH_MS
from chinwag.lasting import draft_name, new_file
from chinwag.life.doctor.finding import Finding, fail, ok, warn

SPARE_FILES: Final = 512
"""What the server opens besides connections."""
LITTLE_BYTES: Final = 2 << 30
NO_BYTES: Final = 256 << 20
SYNCS: Final = 20
SYNC_SECONDS: Final = 3.0
"""The measurement ends after so long, however few syncs that were."""
SLOW_MS: Final = 20.0
AHEAD_SECONDS: Final = 120.0
_CLOCK_UNSYNCHRONISED: Final = 5


def files(max_connections: int) -> Iterator[Finding]:
    """Whether as many connections as configured can be open."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max_connections + SPARE_FILES
    if hard == resource.RLIM_INFINITY or hard >= wanted:
        yield ok("open files", f"{max_connections:,} connections are allowed, and that many files can be open")
        return
    advice = (
        f"raise the limit (LimitNOFILE={wanted} in the systemd unit, or `ulimit -Hn {wanted}`), "
        f"or set server.max_connections to {max(1, hard - SPARE_FILES)}"
    )
    yield warn("open files", f"{hard:,} files may be open; {max_connections:,} connections need {wanted:,}", advice)


def disk(data: Path) -> Iterator[Finding]:
    """Room where the data is. A full disk loses nothing, but nothing more is taken."""
    there = next(folder for folder in (data, *data.parents) if folder.exists())
    found = shutil.disk_usage(there)
    said = f"{found.free / 1e9:,.1f} GB free of {found.total / 1e9:,.1f} GB"
    if found.free < NO_BYTES:
        yield fail("disk", said, "make room: messages are refused when the disk is full")
    elif found.free < LITTLE_BYTES or found.free < found.total // 20:
        yield warn("disk", said, "make room, or watch it: messages are refused when the disk is full")
    else:
        yield ok("disk", said)


def clock(data: Path, now: Callable[[], float] = time.time) -> Iterator[Finding]:
    """Whether the time can be right: ids and tokens carry it."""
    seconds = now()
    if seconds * 1000 < EPOCH_MS:
        yield fail("clock", f"it says {time.strftime('%Y-%m-%d', time.gmtime(seconds))}", "set the clock, and run NTP")
        return
    newest = max((entry.lstat().st_mtime for entry in data.glob("*/*")), default=0.0) if data.is_dir() else 0.0
    if newest > seconds + AHEAD_SECONDS:
        hours = (newest - seconds) / 3600
        yield fail(
            "clock",
            f"the newest data is {hours:,.1f} hours ahead of the clock",
            "set the clock before the server starts: new tokens would look old, and times of messages would go back",
        )
    elif _unsynchronised():
        yield warn("clock", "the kernel says that it is not synchronised", "run an NTP client, such as chrony")
    else:
        yield ok("clock", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds)))


def sync_latency(data: Path) -> Iterator[Finding]:
    """How long the disk takes to say that it has written 4 kB: every acknowledgement waits for one of these."""
    if not data.is_dir() or not os.access(data, os.W_OK):
        return
    probe = draft_name(data / "probe")
    took: list[float] = []
    try:
        with new_file(probe) as file:
            began = time.monotonic()
            while len(took) < SYNCS and time.monotonic() - began < SYNC_SECONDS:
                at = time.monotonic()
                file.write(os.urandom(4096))
                file.flush()
                os.fdatasync(file.fileno())
                took.append((time.monotonic() - at) * 1000)
    except OSError as error:
        yield fail("disk sync", f"the data folder cannot be written: {error.strerror}", "mend the disk, or make room")
        return
    finally:
        probe.unlink(missing_ok=True)
    median, worst = statistics.median(took), max(took)
    said = f"median {median:.2f} ms, worst {worst:.2f} ms of {len(took)}"
    if median > SLOW_MS:
        yield warn("disk sync", said, "put the data folder on a faster disk: each acknowledgement waits for a sync")
    else:
        yield ok("disk sync", said)


def _unsynchronised() -> bool:
    """What Linux's adjtimex says; False where it cannot be asked."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return False
    asked = ctypes.create_string_buffer(512)  # struct timex with modes = 0: only read
    return bool(adjtimex(asked) == _CLOCK_UNSYNCHRONISED)

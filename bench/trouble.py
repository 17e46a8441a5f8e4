"""What keeps a bench from being run or believed, in words that say what to do."""

import resource
import shutil
from pathlib import Path

GIGABYTE = 10**9
FULL_BYTES = 32 << 20
MEMORY_FILE_SYSTEMS = frozenset({"tmpfs", "ramfs"})


class BenchError(Exception):
    """No figure can come of this; the message says why and what would help."""


def raise_open_files() -> int:
    """Let this process and its children open as many files as the system allows; how many that is."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def need_open_files(sessions: int, allowed: int) -> None:
    """A server and a generator hold a socket for each session. Raises `BenchError`."""
    needed = sessions + 500
    if allowed < needed:
        raise BenchError(
            f"B4 holds {sessions:,} sessions, for which a process needs {needed:,} open files; this system allows "
            f"{allowed:,}. Raise it (as root: ulimit -Hn {needed}; for good: LimitNOFILE= or limits.conf), "
            "or leave B4 out by naming the others."
        )


def need_room(folder: Path, gigabytes: float) -> None:
    """Raises `BenchError` if the disk under `folder` has not so much left."""
    free = shutil.disk_usage(folder).free / GIGABYTE
    if free < gigabytes:
        raise BenchError(
            f"the disk under {folder} has {free:.1f} GB left, and {gigabytes:.1f} GB are needed: "
            "make room, or name a folder on another disk with --data"
        )


def full(folder: Path) -> bool:
    """Whether the disk under `folder`, if there is one, has no room left to speak of."""
    return folder.exists() and shutil.disk_usage(folder).free < FULL_BYTES


def file_system(folder: Path) -> str:
    """The type of the file system that `folder` lies on; empty if the system does not say."""
    try:
        lines = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return ""
    mounts = [(Path(fields[1].replace("\\040", " ")), fields[2]) for fields in map(str.split, lines)]
    path = folder.resolve()
    found = [(len(point.parts), kind) for point, kind in mounts if path.is_relative_to(point)]
    return max(found, default=(0, ""), key=lambda each: each[0])[1]


def need_disk(folder: Path) -> str:
    """The file system's type. Raises `BenchError` if it is memory, where a sync costs nothing."""
    kind = file_system(folder)
    if kind in MEMORY_FILE_SYSTEMS:
        raise BenchError(
            f"{folder} lies in memory ({kind}), where nothing is ever synced, so every figure would be too good: "
            "name a folder on a disk with --data"
        )
    return kind

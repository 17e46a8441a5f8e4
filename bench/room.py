"""Folders of a run: its own, removed after it, also after one that was killed."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

PREFIX = "run-"
LOCK = "lock"


class Room:
    """A folder below `data` as a context. What earlier runs left there, and no longer use, is removed first."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._lock = -1
        self._folder = data

    def __enter__(self) -> Path:
        for left in self._data.glob(f"{PREFIX}*"):
            if not _held(left):
                shutil.rmtree(left, ignore_errors=True)
        self._folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._data))
        self._lock = os.open(self._folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        return self._folder

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)


def _held(folder: Path) -> bool:
    """Whether the run lives whose folder this is. One that is just being made counts as living."""
    try:
        lock = os.open(folder / LOCK, os.O_RDWR)
    except OSError:
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(lock)

"""Whether the disk under the store takes what the store would write next."""

import os
import shutil
from pathlib import Path
from typing import Final

from chinwag.domain.refusal import Code, Refused
from chinwag.lasting import new_file

ROOM_BYTES: Final = 4 << 20
"""A disk with less than this free counts as full: the next table or log would not fit."""
_LOG: Final = ".log"
"""How the names of RocksDB's logs end. What is in them it writes into tables when it is opened."""
_TRIAL: Final = ".trial"


def must_have_room(path: Path) -> None:
    """Raise `unavailable` if the disk of the folder `path` says that it is full. Writes nothing."""
    try:
        free = shutil.disk_usage(path).free
    except OSError as error:
        raise Refused(Code.UNAVAILABLE, "the disk does not answer", 1.0) from error
    if free < ROOM_BYTES:
        raise Refused(Code.UNAVAILABLE, "the disk is full", 1.0)


def must_take_writes(path: Path) -> None:
    """Raise `unavailable` unless the disk of the folder `path` has taken, just now, what opening the store may need.

    That is tried: what a file system says of its room knows nothing of quotas, of a disk that has become read-only or
    of one that is broken.
    """
    try:
        needed = ROOM_BYTES + sum(file.stat().st_size for file in os.scandir(path) if file.name.endswith(_LOG))
        trial = path / _TRIAL
        trial.unlink(missing_ok=True)  # of a process that was killed meanwhile
        try:
            with new_file(trial) as file:
                os.posix_fallocate(file.fileno(), 0, needed)
                os.fsync(file.fileno())
        finally:
            trial.unlink(missing_ok=True)
    except OSError as error:
        raise Refused(Code.UNAVAILABLE, f"the disk takes nothing ({error.strerror})", 1.0) from error

"""Folders whose names outlast a power cut: a sync of what is in a folder makes no name last, fsync(2) says."""

import errno
import os
from pathlib import Path


def lasting_folder(path: Path) -> Path:
    """The folder `path`, made with mode 0700 if it is not there, parents too; its name is on disk on return.

    Also one that is there is synced: it may have been made a moment ago, by a start that was killed.
    """
    missing = [path]
    while not missing[-1].parent.is_dir():
        missing.append(missing[-1].parent)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for made in reversed(missing):
        try:
            sync_folder(made.parent)
        except OSError as error:
            # A folder that this user may not read got its names from somebody else; some file systems sync no folder.
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENOTSUP):
                raise
    return path


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

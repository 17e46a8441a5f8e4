"""Files and folders of our own: made for us alone, where nobody can have laid a trap, and with names that last.

Every file that Chinwag makes is made here (a test reads the sources for any other way). A sync of what is in a folder
makes no name last, fsync(2) says: so the folder is synced as well.
"""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from chinwag.told import Told

_NEW: Final = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


class NoFolderError(Told):
    """Something else stands where a folder belongs."""


def lasting_folder(path: Path) -> Path:
    """The folder `path`, made with mode 0700 if it is not there, parents too; its name is on disk on return.

    Also one that is there is synced: it may have been made a moment ago, by a start that was killed. Raises
    `NoFolderError`.
    """
    missing = [path]
    while not missing[-1].parent.is_dir():
        missing.append(missing[-1].parent)
    for folder in reversed(missing):
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except FileExistsError:
            kind = "a link that leads to no folder" if folder.is_symlink() else "a file"
            raise NoFolderError(f"{folder} is {kind}: take it away, or name another folder") from None
    for made in reversed(missing):
        try:
            sync_folder(made.parent)
        except OSError as error:
            # A folder that this user may not read got its names from somebody else; some file systems sync no folder.
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENOTSUP):
                raise
    return path


def new_folder(path: Path) -> Path:
    """The folder `path`, made with mode 0700. Raises FileExistsError, also for a link that leads nowhere."""
    path.mkdir(mode=0o700)
    return path


def new_file(path: Path) -> BinaryIO:
    """The file `path`, made with mode 0600 and open for writing.

    Raises FileExistsError, also for a link that leads nowhere: whoever may write to the folder could have laid it.
    """
    return os.fdopen(os.open(path, os.O_RDWR | _NEW, 0o600), "wb")


def second_name(file: Path, path: Path) -> None:
    """Give `file` the name `path` too, which nothing may have; the bytes are there once. Raises FileExistsError, and
    OSError where the file system cannot."""
    os.link(file, path, follow_symlinks=False)


def draft_name(path: Path) -> Path:
    """A name beside `path` that nobody can foresee."""
    return path.with_name(f".{secrets.token_hex(8)}.partial")


@contextlib.contextmanager
def whole_file(path: Path, *, replace: bool = False) -> Iterator[BinaryIO]:
    """A file of mode 0600 that has the name `path` only once the block has ended, whole and on disk; else never.

    It is written under a name that nobody can foresee. Without `replace` an earlier file stays: FileExistsError then.
    """
    draft = draft_name(path)
    try:
        with new_file(draft) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            _name(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _name(draft: Path, path: Path) -> None:
    """Give `draft` the name `path`, which nothing may have."""
    try:
        os.link(draft, path, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A file system without links: the name is taken first, so that nobody else's file is replaced.
        new_file(path).close()
        draft.replace(path)


def kept_log(path: Path, most: int = 16 * 1024 * 1024) -> BinaryIO:
    """The file `path`, made with mode 0600 if it is not there, open for adding to its end; one that has grown over
    `most` bytes gets the name `….1` first, in place of an older one.

    Raises OSError (ELOOP, or EPERM) for a link: whoever may write to the folder could have laid it.
    """
    with contextlib.suppress(FileNotFoundError):
        if path.lstat().st_size > most:
            path.replace(path.with_name(f"{path.name}.1"))
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    there = os.fstat(descriptor)
    if not stat.S_ISREG(there.st_mode) or there.st_nlink != 1 or there.st_uid != os.geteuid():
        os.close(descriptor)
        raise PermissionError(errno.EPERM, "this is no log of ours", str(path))
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "ab")

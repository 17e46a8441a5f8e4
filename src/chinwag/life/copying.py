"""Copies of files that are known to have arrived: hashed on the way, and synced."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from chinwag.lasting import new_file, second_name
from chinwag.life.manifest import BackupError, ListedFile

_PIECE: Final = 1 << 20


def copied(source: Path, target: Path, path: str, tell: Callable[[int], None]) -> ListedFile:
    """Copy `source` to `target`/`path`, which must not exist; what arrived. tell: is given bytes as they are copied.

    The copy and its folders can be read by their owner only, and the copy is on disk. Raises OSError.
    """
    made = target / path
    _folders(target, made)
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reading, new_file(made) as writing:
        while piece := reading.read(_PIECE):
            digest.update(piece)
            writing.write(piece)
            size += len(piece)
            tell(len(piece))
        writing.flush()
        os.fsync(writing.fileno())
    return ListedFile(path, size, digest.hexdigest())


def linked(source: Path, target: Path, path: str, tell: Callable[[int], None]) -> ListedFile:
    """As `copied`, for a file that never changes and is named by its SHA-256: on the same file system it is given
    another name and takes no more room. Raises OSError."""
    made = target / path
    try:
        _folders(target, made)
        second_name(source, made)
    except FileNotFoundError:
        raise
    except OSError:
        return copied(source, target, path, tell)
    size = made.stat().st_size
    tell(size)
    return ListedFile(path, size, source.name)


def _folders(target: Path, made: Path) -> None:
    for folder in [*reversed(made.relative_to(target).parents)][1:]:
        (target / folder).mkdir(mode=0o700, exist_ok=True)


def copied_as_promised(source: Path, target: Path, promised: ListedFile, tell: Callable[[int], None]) -> None:
    """Copy a backup's file. Raises `BackupError` if it is not the file that the manifest promises."""
    try:
        arrived = copied(source / promised.path, target, promised.path, tell)
    except FileNotFoundError:
        raise BackupError(f"{source} is damaged: {promised.path} is missing. Use another backup.") from None
    if arrived != promised:
        what = f"has {arrived.bytes} bytes, not {promised.bytes}" if arrived.bytes != promised.bytes else "has changed"
        raise BackupError(f"{source} is damaged: {promised.path} {what}. Use another backup.")

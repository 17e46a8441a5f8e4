"""What lies in a data folder, by name. Whatever else is there is backed up as it is."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from chinwag.told import Told
from chinwag.wire.control import SOCKET_NAME

MESSAGES: Final = "messages"
"""RocksDB: conversations, inboxes, marks."""
DIRECTORY: Final = "directory.sqlite"
"""SQLite: accounts and what belongs to them."""
SEARCH: Final = "search.sqlite"
"""SQLite: the search index, a copy that is made again where it is missing. No backup holds it."""
MEDIA: Final = "media"
"""Pictures, videos and files by their hashes, and what is being written of them."""
MEDIA_WORK: Final = "media-work"
"""Where files are put together and looked at. Each start begins it anew, and no backup holds it."""
MAKING: Final = "avatar-work"
"""What is made of pictures just now. Each start begins it anew, and no backup holds it."""
CHECKPOINT: Final = ".checkpoint"
"""A moment of both, set aside for a backup or an export that is under way."""
DRAFT: Final = ".restore-draft"
"""What a restore has copied and not yet checked; the server takes no notice of it."""
RESTORING: Final = ".restoring"
"""A restore that is taking its place, or was cut short in that: then the server does not start."""
MOVED: Final = "moved.json"
"""What says that the folder is being moved elsewhere, or has moved. No backup holds it."""
REPLACED: Final = ".replaced-"
"""What a restore has replaced begins with this."""

_PASSING: Final = frozenset(
    {
        *(SOCKET_NAME, CHECKPOINT, MAKING, MEDIA_WORK, DRAFT, RESTORING),
        *(DIRECTORY + "-wal", DIRECTORY + "-shm"),
        *(SEARCH, SEARCH + "-wal", SEARCH + "-shm"),
    }
)
_HASH_DIGITS: Final = 64
_STORES: Final = frozenset({MESSAGES, DIRECTORY})


class UnfinishedRestoreError(Told):
    """The data folder holds half of a restore."""


def refuse_unfinished(data: Path) -> None:
    """Raise `UnfinishedRestoreError` if a restore into `data` was cut short: half of one must not pass for data."""
    if (data / RESTORING).exists():
        raise UnfinishedRestoreError(
            f"a restore into {data} was not finished: run `chinwag restore` again, with the same source"
        )


def contents(data: Path) -> list[Path]:
    """What counts as data: not what is passing, nor what a restore has put aside."""
    return sorted(
        entry for entry in data.iterdir() if entry.name not in _PASSING and not entry.name.startswith(REPLACED)
    )


def besides(data: Path) -> list[Path]:
    """What is neither store: keys, and whatever later versions put there (files that do not change once written)."""
    return [entry for entry in contents(data) if entry.name not in _STORES and entry.name != MOVED]


def files_in(folder: Path) -> Iterator[Path]:
    """Every regular file below `folder`, in a steady order. Links and sockets are left out."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_file() and not path.is_symlink():
                yield path


def media_in(data: Path) -> Iterator[Path]:
    """The files of the media store: each named by the SHA-256 of what is in it, and never changed."""
    for folder in sorted((data / MEDIA).glob("[0-9a-f][0-9a-f]")):
        for path in files_in(folder):
            if len(path.name) == _HASH_DIGITS and path.parent.parent == folder:
                yield path


def size_of(folder: Path) -> int:
    """Bytes on disk below `folder`, each file once however often it is linked. Files that go meanwhile do not count."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                found = Path(parent, name).lstat()
            except OSError:
                continue
            if (found.st_dev, found.st_ino) not in seen:
                seen.add((found.st_dev, found.st_ino))
                total += found.st_blocks * 512
    return total

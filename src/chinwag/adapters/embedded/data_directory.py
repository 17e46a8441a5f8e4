"""The directory that holds RocksDB: opened once, by one process, and never by a version that is too old for it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec
from rocksdict import Rdict, WriteBatch, WriteOptions

from chinwag.adapters.embedded import keys, tuning, values
from chinwag.adapters.embedded.upgrade import STEPS, Step, upgrade
from chinwag.lasting import lasting_folder

FORMAT: Final = 2
"""The layout of keys and values. A newer one in the directory is refused."""

_SYNCED: Final = WriteOptions()
_SYNCED.sync = True


class DataDirectoryInUseError(Exception):
    """Another process has the data directory open."""


class NewerDataError(Exception):
    """The data directory was written by a newer version."""


class Epochs(msgspec.Struct, frozen=True):
    """inbox: changes only with a restore. log: rises with every start."""

    inbox: int
    log: int


def write_synced(db: Rdict, rows: WriteBatch) -> None:
    """Write `rows` all or none, and return when they are on disk. The one place where the embedded stores sync."""
    db.write(rows, _SYNCED)


def open_rocksdb(path: Path, cache_bytes: int) -> Rdict:
    """Open the store in `path`, made if it is not there. Raises `DataDirectoryInUseError`."""
    lasting_folder(path)
    try:
        return Rdict(str(path), tuning.options(cache_bytes))
    except Exception as error:
        if "/LOCK" in str(error):
            raise DataDirectoryInUseError(
                f"{path} is in use by another process: stop that one, or give this one its own data directory"
            ) from error
        raise


def begin(
    db: Rdict, path: Path, clock: Callable[[], int], *, known: int = FORMAT, steps: Mapping[int, Step] = STEPS
) -> Epochs:
    """Check the format, upgrade an earlier one, and begin a new epoch of the log. Raises `NewerDataError`.

    known, steps: this version's format and what leads to it; other ones only in tests.
    """
    found = values.integer(db.get(keys.FORMAT))
    if found > known:
        raise NewerDataError(
            f"{path} was written by a newer Chinwag (data format {found}; this one knows {known}): "
            "run that version, or restore a backup made before the upgrade"
        )
    if found:
        upgrade(db, found, known, steps, path)
    # A data directory made anew must not pass for the one that it replaces: cursors of that one are void.
    inbox_epoch = values.integer(db.get(keys.INBOX_EPOCH)) or clock() // 1000
    log_epoch = values.integer(db.get(keys.LOG_EPOCH)) + 1
    rows = WriteBatch(raw_mode=True)
    rows.put(keys.FORMAT, values.sealed(known))
    rows.put(keys.INBOX_EPOCH, values.sealed(inbox_epoch))
    rows.put(keys.LOG_EPOCH, values.sealed(log_epoch))
    write_synced(db, rows)
    return Epochs(inbox_epoch, log_epoch)

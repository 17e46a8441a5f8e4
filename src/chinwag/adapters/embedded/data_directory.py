"""The directory that holds RocksDB: opened once, by one process, and never by a version that is too old for it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec
from rocksdict import Rdict, WriteBatch, WriteOptions

from chinwag.adapters.embedded import keys, tuning, values, written
from chinwag.adapters.embedded.upgrade import STEPS, Step, upgrade
from chinwag.lasting import lasting_folder
from chinwag.told import Told

FORMAT: Final = 5
"""The layout of keys and values. A newer one in the directory is refused."""

_SYNCED: Final = WriteOptions()
_SYNCED.sync = True


class DataDirectoryInUseError(Told):
    """Another process has the data directory open."""


class NewerDataError(Told):
    """The data directory was written by a newer version."""


class DamagedDataError(Told):
    """The data directory cannot be read."""


class Epochs(msgspec.Struct, frozen=True):
    """inbox: changes only with a restore. log: rises with every start."""

    inbox: int
    log: int


def write_synced(db: Rdict, rows: WriteBatch) -> None:
    """Write `rows` all or none, and return when they are on disk. The one place where the embedded stores sync."""
    db.write(rows, _SYNCED)


def open_rocksdb(path: Path, cache_bytes: int) -> Rdict:
    """Open the store in `path`, made if it is not there. Raises `DataDirectoryInUseError` and `DamagedDataError`."""
    lasting_folder(path)
    try:
        lost = written.missing(path)
        db = None if lost else Rdict(str(path), tuning.options(cache_bytes))
    except Exception as error:
        if "/LOCK" in str(error):
            raise DataDirectoryInUseError(
                f"{path} is in use by another process: stop that one, or give this one its own data directory"
            ) from error
        raise damaged(path, error) from error
    if db is not None and written.ends_early(path, db):
        db.close()
        db, lost = None, "its journal ends before what was written"
    if db is None:
        raise DamagedDataError(
            f"{path} has lost messages ({lost}): put the files back as they were, or restore a backup, and keep this "
            "folder for those who help"
        )
    return db


def begin(
    db: Rdict, path: Path, clock: Callable[[], int], *, known: int = FORMAT, steps: Mapping[int, Step] = STEPS
) -> Epochs:
    """Check the format, upgrade an earlier one, and begin a new epoch of the log.

    known, steps: this version's format and what leads to it; other ones only in tests. Raises `NewerDataError` and
    `DamagedDataError`.
    """
    try:
        found = values.integer(db.get(keys.FORMAT))
        begun = (values.integer(db.get(keys.INBOX_EPOCH)), values.integer(db.get(keys.LOG_EPOCH)))
    except Exception as error:
        raise damaged(path, error) from error
    if found > known:
        raise NewerDataError(
            f"{path} was written by a newer Chinwag (data format {found}; this one knows {known}): "
            "run that version, or restore a backup made before the upgrade"
        )
    if found:
        upgrade(db, found, known, steps, path)
    # A data directory made anew must not pass for the one that it replaces: cursors of that one are void.
    inbox_epoch = begun[0] or clock() // 1000
    log_epoch = begun[1] + 1
    rows = WriteBatch(raw_mode=True)
    rows.put(keys.FORMAT, values.sealed(known))
    rows.put(keys.INBOX_EPOCH, values.sealed(inbox_epoch))
    rows.put(keys.LOG_EPOCH, values.sealed(log_epoch))
    write_synced(db, rows)
    written.keep(path, db)
    return Epochs(inbox_epoch, log_epoch)


def damaged(path: Path, error: Exception) -> DamagedDataError:
    """What is to be told of a store that cannot be read."""
    return DamagedDataError(
        f"{path} cannot be opened ({error}): see that the disk is well and not full; if it is, restore a backup, and "
        "keep this folder for those who help"
    )

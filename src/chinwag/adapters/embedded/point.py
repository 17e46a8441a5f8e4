"""One moment of the store as files of its own, and the new life of a store that was made of such files."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
from rocksdict import AccessType, Checkpoint, Rdict, WriteBatch

from chinwag.adapters.embedded import keys, tuning, values
from chinwag.adapters.embedded.data_directory import Epochs, damaged, open_rocksdb, write_synced

_SMALL_CACHE = 8 << 20


class Versions(msgspec.Struct, frozen=True):
    """What a store says of itself. data_format: of keys and values, 0 if it holds nothing yet."""

    data_format: int
    epochs: Epochs


def flush(db: Rdict) -> None:
    """Write what only the journal has to tables, so that a checkpoint soon after takes next to no time. Blocks."""
    db.flush(True)


def checkpoint(db: Rdict, target: Path) -> None:
    """Make `target`, which must not exist, a store with all that is readable in `db` at one moment. Blocks.

    Tables never change once written, so on the same file system they are linked, not copied. Commits go on
    meanwhile; each is in the copy whole or not at all.
    """
    Checkpoint(db).create_checkpoint(str(target))


def versions(path: Path) -> Versions:
    """Read the format and the epochs without the lock and without changing anything. Blocks."""
    db = Rdict(str(path), tuning.options(_SMALL_CACHE), access_type=AccessType.read_only())
    try:
        return Versions(
            values.integer(db.get(keys.FORMAT)),
            Epochs(values.integer(db.get(keys.INBOX_EPOCH)), values.integer(db.get(keys.LOG_EPOCH))),
        )
    finally:
        db.close()


def holds_anything(path: Path) -> bool:
    """Whether the store in `path` has any row of people's, read without the lock and without changing anything. Blocks.

    A store that was made a moment ago holds what it says of itself and nothing more. Raises `DamagedDataError`.
    """
    try:
        db = Rdict(str(path), tuning.options(_SMALL_CACHE), access_type=AccessType.read_only())
    except Exception as error:
        raise damaged(path, error) from error
    try:
        return any(isinstance(key, bytes) and not key.startswith(b"!") for key in db.keys())  # noqa: SIM118 - no dict
    finally:
        db.close()


def in_use(path: Path) -> bool:
    """Whether another process has the store open. Changes nothing, and works for a damaged store too."""
    try:
        descriptor = os.open(path / "LOCK", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the lock that RocksDB itself takes; let go by closing
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def begin_anew(path: Path, clock: Callable[[], int]) -> Epochs:
    """Give the store in `path`, which nobody has open, epochs that it never had. Blocks.

    What it holds is older than what its clients know, so every cursor handed out before must be void (a new inbox
    epoch), and every position in the log of the life that was lost must lie below those to come. The backup cannot
    know how many starts came after it; the milliseconds since 1970 are more than those can have been.
    """
    db = open_rocksdb(path, _SMALL_CACHE)
    try:
        now = clock()
        epochs = Epochs(
            inbox=max(now, values.integer(db.get(keys.INBOX_EPOCH)) + 1),
            log=max(now, values.integer(db.get(keys.LOG_EPOCH)) + 1),
        )
        rows = WriteBatch(raw_mode=True)
        rows.put(keys.INBOX_EPOCH, values.sealed(epochs.inbox))
        rows.put(keys.LOG_EPOCH, values.sealed(epochs.log))
        write_synced(db, rows)
        return epochs
    finally:
        db.close()

"""How far the store was known to be written: so that a journal that is gone is missed.

RocksDB opens without a word where the journal of the newest rows is missing, as if they had never been written. So a
note beside its files says how far they go, and which journals there were. It lies in the store's own folder, which a
checkpoint leaves it out of: a backup is of an earlier moment, and lacks nothing.
"""

from pathlib import Path
from typing import Final

import msgspec
from rocksdict import AccessType, Rdict

from chinwag.adapters.embedded import tuning
from chinwag.lasting import whole_file

NAME: Final = "written.json"
_SMALL_CACHE: Final = 8 << 20


class Note(msgspec.Struct, frozen=True):
    """rows: RocksDB's count of all that was ever written, on disk at the time. journals: the files of it there were."""

    rows: int
    journals: list[str]


def keep(path: Path, db: Rdict) -> int:
    """Note how far `db`, the store in `path`, is written. All of it must be on disk. Blocks; raises `OSError`."""
    note = Note(db.latest_sequence_number(), sorted(entry.name for entry in path.glob("*.log")))
    with whole_file(path / NAME, replace=True) as file:
        file.write(msgspec.json.encode(note))
    return note.rows


def missing(path: Path) -> str:
    """What the closed store in `path` lacks of what was noted; empty if nothing. Changes nothing. Blocks.

    Raises what RocksDB raises, `OSError` and `msgspec.DecodeError`.
    """
    note = _noted(path)
    if note is None:
        return ""
    gone = [name for name in note.journals if not (path / name).exists()]
    if not gone:
        return ""
    # A journal whose rows have all come into tables is deleted: only the rows themselves tell.
    db = Rdict(str(path), tuning.options(_SMALL_CACHE), access_type=AccessType.read_only())
    try:
        return f"{', '.join(gone)} missing" if db.latest_sequence_number() < note.rows else ""
    finally:
        db.close()


def ends_early(path: Path, db: Rdict) -> bool:
    """Whether `db`, just opened, holds less than was noted: a journal is there, and cut short."""
    note = _noted(path)
    return note is not None and db.latest_sequence_number() < note.rows


def _noted(path: Path) -> Note | None:
    try:
        return msgspec.json.decode((path / NAME).read_bytes(), type=Note)
    except FileNotFoundError:
        return None

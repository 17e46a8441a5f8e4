"""Which media the directory in a file names, read beside the server that has it open."""

import contextlib
from pathlib import Path
from typing import Final

import msgspec

from chinwag.adapters.relational.database_file import connected

_NEEDED: Final = """
SELECT hash FROM upload_files UNION SELECT hash FROM avatars
EXCEPT SELECT hash FROM blobs WHERE dying
"""


class MediaNamed(msgspec.Struct, frozen=True):
    """Hashes. needed: those that an upload or a picture names. known: all of which there is a note that they are there,
    or are being put or deleted."""

    needed: frozenset[str]
    known: frozenset[str]


def media_named(path: Path) -> MediaNamed | None:
    """What the database at `path` names; None for a schema that knows no media yet. Changes nothing. Blocks. Raises
    `sqlite3.Error`."""
    with contextlib.closing(connected(path, "ro")) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"upload_files", "avatars", "blobs"} <= names:
            return None
        return MediaNamed(
            frozenset(row[0] for row in connection.execute(_NEEDED)),
            frozenset(row[0] for row in connection.execute("SELECT hash FROM blobs")),
        )

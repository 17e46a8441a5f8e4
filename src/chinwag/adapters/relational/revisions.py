"""Which schemas this code knows, and whether a database has the newest: asked with the driver alone.

Alembic takes longer to be imported than all else that a start does with the directory. So it is there for a database
of an earlier version alone; one that is empty gets the newest schema at once.
"""

import contextlib
import sqlite3
from functools import cache
from importlib.resources import files
from pathlib import Path

from chinwag.adapters.relational.database_file import connected, damaged, revisions_in
from chinwag.adapters.relational.fresh import REVISION, STATEMENTS
from chinwag.told import Told


class NewerDatabaseError(Told):
    """The database has a schema that this code does not know: a newer version of Chinwag has been here."""


@cache
def known_revisions() -> frozenset[str]:
    """The schemas that this code can open, the newest included: the numbers that its migrations' files begin with."""
    versions = files("chinwag.adapters.relational.migrations.versions")
    names = (entry.name.partition("_") for entry in versions.iterdir() if entry.name.endswith(".py"))
    return frozenset(number for number, _, _ in names if number.isdecimal())


def is_newest(path: Path) -> bool:
    """Whether the database in `path` has the newest schema; one that is empty has it from now on. Blocks.

    Raises `NewerDatabaseError` and `DamagedDatabaseError`, and changes nothing then.
    """
    present = revisions_in(path) or _begin(path)
    refuse_newer(present)
    return present == {max(known_revisions())}


def refuse_newer(present: frozenset[str]) -> None:
    """Raise `NewerDatabaseError` if a database with these revisions is of a later version."""
    if unknown := present - known_revisions():
        raise NewerDatabaseError(
            f"the directory's database has schema {', '.join(sorted(unknown))}, which this version of Chinwag "
            f"does not know (it knows up to {max(known_revisions())}): start a newer version, or restore an older "
            "backup"
        )


def _begin(path: Path) -> frozenset[str]:
    """Give an empty database the newest schema, unless another process does; what it has then."""
    try:
        with contextlib.closing(connected(path, "rw")) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                for statement in STATEMENTS:
                    connection.execute(statement)
                connection.execute("INSERT INTO alembic_version (version_num) VALUES (?)", (REVISION,))
            connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        raise damaged(path, error) from error
    return revisions_in(path)

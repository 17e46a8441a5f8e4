"""One moment of the directory on SQLite, as a file of its own, agreed with the moment of another store."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from chinwag.adapters.relational.database_file import connected
from chinwag.domain.refusal import Code, Refused
from chinwag.lasting import new_file

WAIT_SECONDS: Final = 5.0
"""How long a copy waits for transactions under way."""


def copy_at_one_point(file: Path, target: Path, meanwhile: Callable[[], None]) -> None:
    """Copy the database in `file` to `target`, as it is at a moment that lies in the run of `meanwhile`. Blocks.

    No transaction of any process commits while `meanwhile` runs: so what it copies elsewhere belongs to the same
    moment. Keep it short: whoever writes to the directory waits that long. The copy itself keeps nobody waiting.
    `target` must not exist. Raises `unavailable` if transactions under way do not end in time, and what `meanwhile`
    raises.
    """
    new_file(target).close()
    with (
        closing(connected(file, "rw", WAIT_SECONDS)) as writer,
        closing(connected(file, "rw", WAIT_SECONDS)) as reader,
        closing(connected(target, "rw")) as copy,
    ):
        try:
            writer.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise Refused(Code.UNAVAILABLE, f"the directory is busy ({error})", 1.0) from error
        meanwhile()
        # A transaction sees one state from its first read on: this one's is pinned before others may write again.
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
        writer.execute("ROLLBACK")
        reader.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, whole by itself


def schema_of(file: Path) -> str:
    """The database's revision, empty if it has none. Changes nothing. Blocks. Raises `sqlite3.Error`."""
    with closing(connected(file, "ro", WAIT_SECONDS)) as connection:
        rows = connection.execute("SELECT version_num FROM alembic_version ORDER BY 1").fetchall()
    return ",".join(str(row[0]) for row in rows)


def problems_of(file: Path) -> list[str]:
    """What SQLite's own check finds wrong with the database; nothing if it is sound. Blocks."""
    with closing(connected(file, "ro", WAIT_SECONDS)) as connection:
        said = [str(row[0]) for row in connection.execute("PRAGMA quick_check(10)")]
    return [] if said == ["ok"] else said

"""The SQLite file itself, with the driver alone: how it is named, made, watched, scrubbed and asked for its schema."""

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

from chinwag.domain.refusal import Code, Refused
from chinwag.lasting import lasting_folder, new_file
from chinwag.told import Told

BUSY_MS: Final = 2000
"""How long a transaction waits for another process's."""


class DamagedDatabaseError(Told):
    """The database cannot be read."""


def uri_of(path: Path) -> str:
    """The URI of the file at `path`, whatever bytes its name has: `#`, `?` and `%` would end it or stand for others.

    Also a plain name is no plain name to every SQLite: one that begins with `file:` may be read as a URI.
    """
    return "file:" + quote(os.fsencode(path.resolve()), safe="/")


def connected(
    path: Path, mode: Literal["ro", "rw"], seconds: float = BUSY_MS / 1000, *, check_same_thread: bool = True
) -> sqlite3.Connection:
    """A connection to the database that is there, which begins no transaction by itself; it never makes one.

    seconds: how long it waits for others. check_same_thread: False for one that goes from thread to thread, used by one
    at a time. Raises `sqlite3.Error`.
    """
    uri = f"{uri_of(path)}?mode={mode}"
    return sqlite3.connect(uri, seconds, isolation_level=None, check_same_thread=check_same_thread, uri=True)


def create_file(path: Path) -> None:
    """Make the empty database if there is none, readable by this user only: it holds hashes of passwords."""
    lasting_folder(path.parent)
    try:
        new_file(path).close()
    except FileExistsError:
        return


def revisions_in(path: Path) -> frozenset[str]:
    """The revisions of the schema that the database says it has; none for one that is empty. Blocks.

    Raises `DamagedDatabaseError`, and `unavailable` if it is locked.
    """
    try:
        with contextlib.closing(connected(path, "rw")) as connection:
            if not _has_table(connection, "alembic_version"):
                return frozenset()
            return frozenset(str(row[0]) for row in connection.execute("SELECT version_num FROM alembic_version"))
    except sqlite3.DatabaseError as error:
        raise damaged(path, error) from error


def holds(path: Path, what: Literal["accounts", "devices"]) -> bool:
    """Whether there is a database at `path` with a row of such. Changes nothing. Blocks.

    Raises `DamagedDatabaseError`.
    """
    if not path.is_file() or not path.stat().st_size:
        return False
    try:
        with contextlib.closing(connected(path, "rw")) as connection:
            query = f"SELECT 1 FROM {what} LIMIT 1"  # noqa: S608 - our own names
            return _has_table(connection, what) and connection.execute(query).fetchone() is not None
    except sqlite3.DatabaseError as error:
        raise damaged(path, error) from error


def look_alikes(path: Path, limit: int) -> list[list[tuple[str, str]]]:
    """Open accounts that can be taken for each other, as (name, id), together; `limit` of such groups. Blocks.

    Nothing for a schema that does not know them yet. Raises `sqlite3.Error`.
    """
    with contextlib.closing(connected(path, "ro")) as connection:
        if not any(row[1] == "look_alike" for row in connection.execute("PRAGMA table_info(accounts)")):
            return []
        query = (
            "SELECT look_alike FROM accounts WHERE closed_at IS NULL GROUP BY look_alike HAVING count(*) > 1 LIMIT ?"
        )
        keys = [row[0] for row in connection.execute(query, (limit,)) if row[0] is not None]
        alike = "SELECT name, id FROM accounts WHERE look_alike = ? AND closed_at IS NULL ORDER BY id LIMIT ?"
        return [connection.execute(alike, (key, limit)).fetchall() for key in keys]


def same_file(path: Path) -> Callable[[], None]:
    """A check that the file at `path` is still the one that is there now; raises `unavailable` if not.

    SQLite goes on with a file that was moved away or replaced under it, and what it writes there is lost.
    """
    opened = path.stat()

    def check() -> None:
        try:
            now = path.stat()
        except OSError:
            raise Refused(Code.UNAVAILABLE, "the directory's file is gone", 1.0) from None
        if (now.st_dev, now.st_ino) != (opened.st_dev, opened.st_ino):
            raise Refused(Code.UNAVAILABLE, "the directory's file was replaced: restart the server", 1.0)

    return check


def scrub(path: Path) -> None:
    """Leave nothing of what was deleted in the database's files. Blocks; raises `unavailable` if somebody reads on.

    `secure_delete` writes zeros over what goes, but a page that was split may hold an older copy beside its rows:
    VACUUM writes every page anew. The journal still has the pages as they were: it is emptied.
    """
    try:
        connection = connected(path, "rw")
        try:
            connection.execute("PRAGMA secure_delete=ON")
            connection.execute("VACUUM")
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise Refused(Code.UNAVAILABLE, "the directory cannot be scrubbed now", 1.0) from error
    if busy:
        raise Refused(Code.UNAVAILABLE, "the directory is being read: its journal stays for now", 1.0)


def _has_table(connection: sqlite3.Connection, name: str) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,))
    return found.fetchone() is not None


def damaged(path: Path, error: sqlite3.DatabaseError) -> DamagedDatabaseError | Refused:
    """What is to be told of a database that cannot be read: that it is damaged, or only locked."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Refused(Code.UNAVAILABLE, f"the directory is busy ({error})", 1.0)
    return DamagedDatabaseError(
        f"{path} cannot be read ({error}): see that the disk is well and not full; if it is, restore a backup, and "
        "keep this folder for those who help"
    )

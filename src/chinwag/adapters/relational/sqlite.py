"""All that is particular to SQLite: how its connections are set up, and where its file is."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from chinwag.domain.refusal import Code, Refused
from chinwag.lasting import lasting_folder

BUSY_MS: Final = 2000
"""How long a transaction waits for another process's."""
READERS: Final = 4


def file_of(url: URL) -> Path:
    """The database's file. Raises ValueError for a database in memory, which would not survive its connection."""
    if not url.database or url.database == ":memory:":
        raise ValueError("the directory needs a file: sqlite+aiosqlite:///PATH")
    return Path(url.database)


def create_file(path: Path) -> None:
    """Make the empty database if there is none, readable by this user only: it holds hashes of passwords."""
    lasting_folder(path.parent)
    path.touch(mode=0o600, exist_ok=True)


def writer(path: Path) -> AsyncEngine:
    """An engine with one connection, whose transactions take the write lock at their begin."""
    engine = _engine(path, connections=1, begin="BEGIN IMMEDIATE")
    _on_connect(
        engine,
        ["PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON", "PRAGMA secure_delete=ON"],
    )
    return engine


def reader(path: Path) -> AsyncEngine:
    """An engine whose transactions see one snapshot and cannot write."""
    engine = _engine(path, connections=READERS, begin="BEGIN DEFERRED")
    _on_connect(engine, ["PRAGMA query_only=ON"])
    return engine


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
        connection = sqlite3.connect(f"file:{path.resolve()}?mode=rw", uri=True, isolation_level=None)
        try:
            connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
            connection.execute("PRAGMA secure_delete=ON")
            connection.execute("VACUUM")
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise Refused(Code.UNAVAILABLE, "the directory cannot be scrubbed now", 1.0) from error
    if busy:
        raise Refused(Code.UNAVAILABLE, "the directory is being read: its journal stays for now", 1.0)


def _engine(path: Path, connections: int, begin: str) -> AsyncEngine:
    # mode=rw: never make a second, empty database where the first one has gone.
    engine = create_async_engine(
        f"sqlite+aiosqlite:///file:{path.resolve()}?mode=rw&uri=true",
        pool_size=connections,
        max_overflow=0,
        pool_timeout=BUSY_MS / 1000,
        hide_parameters=True,
        connect_args={"timeout": BUSY_MS / 1000},
    )

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _on_connect(engine: AsyncEngine, pragmas: list[str]) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, _record: object) -> None:  # the driver's own connection, which has no types
        connection.isolation_level = None  # the driver shall not begin transactions of its own
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

"""The directory in an SQLite file: all that is particular to SQLite under SQLAlchemy."""

import asyncio
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from chinwag.adapters.relational.database_file import BUSY_MS, create_file, same_file, scrub, uri_of
from chinwag.adapters.relational.directory import RelationalDirectory
from chinwag.adapters.relational.revisions import is_newest
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.ports.directory import Directory

READERS: Final = 4


async def open_directory(path: Path) -> Directory:
    """Open the directory in the SQLite file `path`, made if it is not there; make or migrate its schema.

    Raises `NewerDatabaseError` for a database of a newer version, and `DamagedDatabaseError`.
    """
    create_file(path)
    newest = is_newest(path)
    begun = writer(path)
    try:
        if not newest:
            from chinwag.adapters.relational.migrate import migrate

            await migrate(begun)
    except BaseException:
        await begun.dispose()
        raise
    return RelationalDirectory(begun, reader(path), Sqlite(path))


class Sqlite:
    """`Dialect` upon the file at `path`, where a writer's BEGIN takes the lock that lets one write at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._same_file = same_file(path)

    async def begin(self, connection: AsyncConnection, account: AccountId | None, device: DeviceId | None) -> None:
        self._same_file()

    async def check(self) -> None:
        self._same_file()

    def alone(self, account: AccountId | None, device: DeviceId | None) -> bool:
        return True

    async def scrub(self, turn: asyncio.Lock) -> None:
        async with turn:
            await self.check()
            await asyncio.to_thread(scrub, self._path)


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


def _engine(path: Path, connections: int, begin: str) -> AsyncEngine:
    engine = create_async_engine(
        # Put together, not written as text: no character of a path shall mean anything to a URL's reader.
        # mode=rw: never make a second, empty database where the first one has gone.
        URL.create("sqlite+aiosqlite", database=uri_of(path), query={"mode": "rw", "uri": "true"}),
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

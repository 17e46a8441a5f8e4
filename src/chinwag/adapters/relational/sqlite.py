"""All that is particular to SQLite under SQLAlchemy: how its connections are set up."""

from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from chinwag.adapters.relational.database_file import BUSY_MS, uri_of

READERS: Final = 4


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

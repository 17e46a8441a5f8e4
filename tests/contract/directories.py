"""What the suites of the Directory need of an adapter, and what they put into it.

A further adapter is one more `Place`, named in `PLACES`.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

import asyncpg
from prove.faults.proxy import Proxy, Way
from sqlalchemy import Connection, create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from chinwag.adapters.relational import open_directory
from chinwag.adapters.relational.database_file import create_file
from chinwag.adapters.relational.migrate import upgrade
from chinwag.adapters.relational.postgres import LOCK, open_postgres_directory, prepare_postgres_directory
from chinwag.domain.account import AccountSettings, name_key
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.directory import Account, Device, Directory

Open = Callable[[], Awaitable[Directory]]
Found = TypeVar("Found")


class Place(Protocol):
    """A database of one kind, empty at first, in which a directory is opened; and the faults that it can have."""

    rewrites: tuple[str, ...]
    """Statements that would change or remove what stands in the audit log, which has one entry, with the id 1."""

    async def prepare(self) -> None:
        """Make the schema as it is made for an empty database."""

    async def open(self) -> Directory:
        """The same directory, each time anew."""
        ...

    async def execute(self, statement: str) -> list[tuple[object, ...]]:
        """One statement, past the directory; its rows."""
        ...

    async def inspect(self, look: Callable[[Connection], Found]) -> Found:
        """What `look` finds in the database, in a transaction that is committed."""
        ...

    def locked(self) -> AbstractAsyncContextManager[None]:
        """Another process writes, and does not end."""
        ...

    def away(self) -> AbstractAsyncContextManager[None]:
        """The database is gone, and comes back."""
        ...


_ROW = "(id, at, actor, act, target, detail) VALUES (1, 2, 'me', 'other', '', '')"
_REWRITES = (
    "UPDATE audit SET act = 'other'",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE id = 1 RETURNING *",
    f"INSERT INTO audit {_ROW} ON CONFLICT (id) DO UPDATE SET act = 'other'",
)


class SqlitePlace:
    rewrites: tuple[str, ...] = (
        *_REWRITES,
        "UPDATE OR REPLACE audit SET act = 'other'",
        "UPDATE OR IGNORE audit SET id = 7",
        f"INSERT OR REPLACE INTO audit {_ROW}",
        f"REPLACE INTO audit {_ROW}",
        f"INSERT OR IGNORE INTO audit {_ROW}",
        f"INSERT INTO audit {_ROW} ON CONFLICT DO NOTHING",
        "WITH them AS (SELECT 1 AS id) INSERT OR REPLACE INTO audit SELECT id, 2, 'me', 'other', '', '' FROM them",
        "INSERT OR REPLACE INTO audit (rowid, at, actor, act, target, detail) VALUES (1, 2, 'me', 'x', '', '')",
    )

    def __init__(self, file: Path) -> None:
        self.file = file

    async def prepare(self) -> None:
        await (await self.open()).close()

    async def open(self) -> Directory:
        return await open_directory(self.file)

    async def execute(self, statement: str) -> list[tuple[object, ...]]:
        create_file(self.file)
        with contextlib.closing(sqlite3.connect(self.file)) as connection, connection:
            return connection.execute(statement).fetchall()

    async def inspect(self, look: Callable[[Connection], Found]) -> Found:
        create_file(self.file)
        engine = create_engine(f"sqlite:///{self.file}")
        with engine.begin() as connection:
            found = look(connection)
        engine.dispose()
        return found

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        with contextlib.closing(sqlite3.connect(self.file, isolation_level=None)) as blocker:
            blocker.execute("BEGIN IMMEDIATE")
            yield

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """SQLite itself would go on writing into the file that is gone."""
        away = self.file.with_name("away")
        self.file.rename(away)
        yield
        assert not self.file.exists(), "no second, empty database in its place"
        away.rename(self.file)


class PostgresPlace:
    """On the run's PostgreSQL, behind a proxy. url: of an empty database."""

    rewrites: tuple[str, ...] = (
        *_REWRITES,
        "TRUNCATE audit",
        "TRUNCATE audit, accounts CASCADE",
        "MERGE INTO audit USING (SELECT 1 AS id) AS them ON audit.id = them.id WHEN MATCHED THEN DELETE",
        "WITH gone AS (DELETE FROM audit RETURNING id) SELECT id FROM gone",
    )

    def __init__(self, url: str, proxy: Proxy) -> None:
        self.url = url
        self.proxy = proxy

    @classmethod
    @asynccontextmanager
    async def behind_a_proxy(cls, url: str) -> AsyncIterator["PostgresPlace"]:
        at = urlsplit(url)
        assert at.hostname is not None and at.port is not None  # noqa: PT018
        async with Proxy(at.hostname, at.port).serving() as proxy:
            yield cls(url, proxy)

    @property
    def proxied(self) -> str:
        """The database's address as the directory has it."""
        at = urlsplit(self.url)
        return at._replace(netloc=f"{at.username}:{at.password}@127.0.0.1:{self.proxy.port}").geturl()

    async def prepare(self) -> None:
        await prepare_postgres_directory(self.url)

    async def open(self) -> Directory:
        await self.prepare()
        return await open_postgres_directory(self.proxied)

    async def execute(self, statement: str) -> list[tuple[object, ...]]:
        connection = await asyncpg.connect(self.url)
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    async def inspect(self, look: Callable[[Connection], Found]) -> Found:
        engine = create_async_engine(self.url.replace("postgresql:", "postgresql+asyncpg:"))
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(look)
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        connection = await asyncpg.connect(self.url)
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            yield
        await connection.close()

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        self.proxy.turn(Way.GONE)
        yield
        self.proxy.turn(Way.PASS)


async def migrate(place: Place) -> None:
    """Make the schema by the migrations, one after another."""
    await place.inspect(upgrade)


def account(id_: str, name: str | None = None) -> Account:
    return Account(
        id=AccountId(id_),
        name=name or f"name{id_}",
        display_name="",
        about="",
        settings=AccountSettings(),
        admin=False,
        created_at=1,
    )


def device(id_: str, of: str, at: int = 1) -> Device:
    return Device(id=DeviceId(id_), account=AccountId(of), name="phone", created_at=at, last_seen_at=at)


async def people(directory: Directory, *ids: str) -> None:
    async with directory.transaction() as transaction:
        for one in ids:
            await transaction.accounts.create(account(one), name_key(f"name{one}"), f"hash{one}")


async def eventually(work: Callable[[], Awaitable[Found]], seconds: float = 60.0) -> Found:
    """Do `work`, again as long as it is `unavailable`: a database that is back may have to be found again."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                return await work()
            except Refused as refusal:
                if refusal.code is not Code.UNAVAILABLE:
                    raise

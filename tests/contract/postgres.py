"""The adapters on PostgreSQL under the contract suites, behind a proxy that loses things."""

import contextlib
import os
from typing import ClassVar
from urllib.parse import urlsplit

import asyncpg
from tests.support.postgres_proxy import PostgresProxy

from chinwag.adapters.postgres import PostgresStores, SchemaError, make_schema, open_stores
from chinwag.ports.inbox import Inbox
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import MessageStore

SETTLING = 0.3
"""Seconds for which a commit tries to learn what became of it, in tests in which it mostly does so in vain."""


async def new_database(url: str) -> str:
    """Make an empty database on the server at `url`; returns its own URL."""
    name = f"contract_{os.urandom(6).hex()}"
    await _execute(url, f"CREATE DATABASE {name} TEMPLATE template0")
    return urlsplit(url)._replace(path=f"/{name}", query="sslmode=disable").geturl()


async def empty(database: str, partitions: int = 1) -> None:
    """Make a database as if its schema had been made a moment ago, in less time."""
    with contextlib.suppress(SchemaError):  # it was made for so many as the test before wanted
        await make_schema(database)
    tables = ["partitions", "events", "states", "send_keys", "spans", "mentions", "reactions"]
    tables += [
        "reaction_counts",
        "people",
        "wrote",
        "joinings",
        "wide_groups",
        "heads",
        "inbox",
        "marks",
        "steps",
        "seen",
        "replaced",
    ]
    rows = "".join(f"DELETE FROM messages.{table};" for table in tables)
    await _execute(database, rows + f"UPDATE messages.life SET epoch = 1, partitions = {partitions}")


def through(database: str, port: int) -> str:
    """The URL of a database by way of a proxy on `port`."""
    parts = urlsplit(database)
    who = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{who}@127.0.0.1:{port}").geturl()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


class PostgresHarness:
    """The stores of one process, the only one, on a partition that is its own."""

    shares_writes: ClassVar[bool] = False

    def __init__(self, database: str, settling: float = SETTLING) -> None:
        parts = urlsplit(database)
        self.fault = PostgresProxy(parts.hostname or "127.0.0.1", parts.port or 5432)
        self.now = 1_800_000_000_000
        self.open: PostgresStores
        self.database = database
        self.port = 0
        self._settling = settling

    async def start(self) -> None:
        first = not self.port
        if first:
            await empty(self.database)
            self.port = await self.fault.start()
        self.open = await open_stores(
            through(self.database, self.port), settling=self._settling, connections=4, clock=lambda: self.now
        )
        if first:
            assert await self.open.partitions.claim(0) == 1  # the epoch of what the suites commit

    async def stop(self) -> None:
        await self.open.close()

    async def remove(self) -> None:
        await self.fault.stop()

    async def settled(self) -> None:
        """Postings are readable with the transaction that makes them."""

    @property
    def store(self) -> MessageStore:
        return self.open.message_store

    @property
    def inbox(self) -> Inbox:
        return self.open.inbox

    @property
    def marks(self) -> MarkStore:
        return self.open.mark_store

"""What the stores on PostgreSQL promise about texts that were edited away or deleted: that they leave its files."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from tests.contract.directories import eventually
from tests.contract.harness import ANN, BEN, PAIR, entries, event
from tests.contract.postgres import PostgresHarness
from tests.contract.test_scrub_texts import DIGEST, TEXT, said, taken_back

from chinwag.adapters.postgres import scrub
from chinwag.adapters.postgres.scrub import PostgresScrub
from chinwag.domain.refusal import Refused
from chinwag.ports.inbox import Posting

TABLES = """
    SELECT relname, relfilenode FROM pg_class
    WHERE relnamespace = 'messages'::regnamespace AND relkind = 'r' ORDER BY relname"""


class Files:
    """The stores, and the files of their database."""

    def __init__(self, stores: PostgresHarness, scrubbing: PostgresScrub, connection: Any, folders: list[Path]) -> None:
        self.stores = stores
        self.scrub = scrubbing
        self.connection = connection
        self._folders = folders

    async def holding(self, what: bytes) -> list[str]:
        """Those that hold `what`, with all that is in memory written to them."""
        await self.connection.execute("CHECKPOINT")
        found = []
        for path in (path for folder in self._folders for path in folder.rglob("*") if path.is_file()):
            try:
                content = path.read_bytes()
            except FileNotFoundError:  # the server has just removed it
                continue
            if what in content:
                found.append(str(path))
        return found

    async def left(self) -> list[bool]:
        """Whether the text, and the digest, is in a file."""
        return [bool(await self.holding(what)) for what in (TEXT.encode(), DIGEST)]


@pytest.fixture
async def files(messages_database: str) -> AsyncIterator[Files]:
    stores = PostgresHarness(messages_database)
    await stores.start()
    connection = await asyncpg.connect(messages_database)
    oid = await connection.fetchval("SELECT oid FROM pg_database WHERE datname = current_database()")
    data = Path(await connection.fetchval("SHOW data_directory"))
    scrubbing = PostgresScrub(messages_database)
    await eventually(scrubbing.scrub_texts)  # what earlier tests have left
    yield Files(stores, scrubbing, connection, [data / "base" / str(oid), data / "pg_wal"])
    await connection.close()
    await stores.stop()
    await stores.remove()


async def test_text_and_digest_leave_tables_indexes_and_journal_and_all_else_stays(files: Files) -> None:
    await files.stores.store.commit([said()])
    assert not await eventually(files.scrub.scrub_texts), "nothing was taken back yet"
    assert await files.left() == [True, True]
    await files.stores.store.commit([taken_back(4)])
    assert await files.left() == [True, True], "what is replaced is still there"
    assert not await eventually(files.scrub.scrub_texts)
    assert await files.left() == [False, False]
    rows = await files.stores.store.events(PAIR, 1, 4)
    assert [row if isinstance(row, bytes) else row.event for row in rows] == [
        event(1),
        event(2, "gone"),
        event(3),
        event(4),
    ]
    assert await files.connection.fetchval("SELECT count(*) FROM messages.replaced") == 0


async def test_a_part_that_is_not_written_anew_would_be_noticed(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    async def left_alone(*_: object) -> int:
        return 0

    monkeypatch.setattr(scrub, "_written_anew", left_alone)
    await files.stores.store.commit([said()])
    await files.stores.store.commit([taken_back(4)])
    await eventually(files.scrub.scrub_texts)
    assert await files.left() == [True, True]


async def test_while_an_older_transaction_runs_texts_stay_and_are_not_forgotten(files: Files) -> None:
    await files.stores.store.commit([said()])
    older = await asyncpg.connect(files.stores.database)
    try:
        async with older.transaction(isolation="repeatable_read"):
            await older.fetchval("SELECT count(*) FROM messages.events")
            await files.stores.store.commit([taken_back(4)])
            before = await files.connection.fetch(TABLES)
            with pytest.raises(Refused):
                await files.scrub.scrub_texts()
            assert await files.left() == [True, True]
            assert await files.connection.fetch(TABLES) == before, "nobody waits for what would change nothing"
    finally:
        await older.close()
    await eventually(files.scrub.scrub_texts)
    assert await files.left() == [False, False]


async def test_while_a_transaction_of_another_database_runs_nobody_waits_for_what_would_change_nothing(
    files: Files,
) -> None:
    await files.stores.store.commit([said()])
    other = await asyncpg.connect(urlsplit(files.stores.database)._replace(path="/postgres").geturl())
    try:
        async with other.transaction():
            await other.fetchval("SELECT pg_current_xact_id()")
            await files.stores.store.commit([taken_back(4)])
            before = await files.connection.fetch(TABLES)
            with pytest.raises(Refused):
                await files.scrub.scrub_texts()
            assert await files.connection.fetch(TABLES) == before
    finally:
        await other.close()
    await eventually(files.scrub.scrub_texts)
    assert await files.left() == [False, False]


async def test_a_part_that_is_in_use_is_left_for_the_next_time(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrub, "LOCK_SECONDS", 1)
    await files.stores.store.commit([said()])
    await files.stores.store.commit([taken_back(4)])
    other = await asyncpg.connect(files.stores.database)
    try:
        async with other.transaction():
            await other.execute("LOCK TABLE messages.events IN SHARE MODE")
            with pytest.raises(Refused):
                await files.scrub.scrub_texts()
            assert not await files.holding(DIGEST), "of the sends nobody had a lock"
    finally:
        await other.close()
    await eventually(files.scrub.scrub_texts)
    assert await files.left() == [False, False]


async def test_what_a_forgotten_inbox_and_a_rewritten_one_held_leaves_the_files(files: Files) -> None:
    inbox = files.stores.inbox
    await inbox.post([Posting(ANN, TEXT.encode()), Posting(BEN, TEXT.encode())])
    assert await files.holding(TEXT.encode())
    await inbox.forget(ANN)
    await inbox.rewrite(BEN, lambda _: b"hidden")
    await eventually(files.scrub.scrub)
    assert not await files.holding(TEXT.encode())
    assert await entries(files.stores, BEN) == ["hidden"]

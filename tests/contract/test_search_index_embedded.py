"""The search index in its file: what is left there of a message, and what becomes of a file that cannot be used."""

import sqlite3
from pathlib import Path

import pytest
from tests.contract.test_search_index import HALL, numbers, put, said

from chinwag.adapters.embedded.search_index import FORMAT, EmbeddedSearchIndex
from chinwag.ports.search_index import Gone

CANARY = "canaryzeisigpasswort"


def files_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def modes_of(folder: Path) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in folder.iterdir()}


async def test_after_scrubbing_no_file_holds_what_was_deleted_or_replaced(tmp_path: Path) -> None:
    index = await EmbeddedSearchIndex.open(tmp_path / "search.sqlite")
    await put(index, *(said(number, f"many words {number}") for number in range(2_000)))
    await put(index, said(2_001, f"my {CANARY} 1"), said(2_002, f"edited {CANARY} 2"), said(2_003, "stays"))
    await put(index, *(said(number, f"more words {number}") for number in range(3_000, 4_000)))
    assert CANARY.encode() in files_of(tmp_path)
    await put(index, Gone(HALL, 2_001), said(2_002, "edited to something else"))
    await index.scrub()
    assert CANARY.encode() not in files_of(tmp_path)
    # FTS5 keeps what words have in common once: so no beginning that only the canary has either.
    assert b"canaryz" not in files_of(tmp_path)
    assert await numbers(index, "stays") == [2_003]
    assert await numbers(index, "else") == [2_002]
    await index.close()


async def test_clearing_counts_as_deleting(tmp_path: Path) -> None:
    index = await EmbeddedSearchIndex.open(tmp_path / "search.sqlite")
    await put(index, said(1, CANARY))
    await index.clear(b"")
    await index.scrub()
    assert CANARY.encode() not in files_of(tmp_path)
    await index.close()


async def test_what_is_there_is_there_after_a_start(tmp_path: Path) -> None:
    for number in (1, 2):
        index = await EmbeddedSearchIndex.open(tmp_path / "search.sqlite")
        before = await index.progress()
        assert await index.write([said(number, "word")], b"%d" % number, before)
        assert await numbers(index, "word") == list(range(number, 0, -1))
        await index.close()


@pytest.mark.parametrize("damage", ["noise", "empty", "short", "another format", "without its tables"])
async def test_a_file_that_cannot_be_used_is_made_anew(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "search.sqlite"
    index = await EmbeddedSearchIndex.open(path)
    assert await index.write([said(1, "word")], b"far", b"")
    await index.close()
    if damage == "noise":
        path.write_bytes(b"no database, but something else " * 1_000)
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "short":
        path.write_bytes(path.read_bytes()[:5_000])
    else:
        with sqlite3.connect(path) as connection:
            statement = f"PRAGMA user_version = {FORMAT + 1}" if damage == "another format" else "DROP TABLE about"
            connection.execute(statement)
        connection.close()
    index = await EmbeddedSearchIndex.open(path)
    assert await index.progress() == b""
    assert await numbers(index, "word") == []
    await put(index, said(2, "word"))
    assert await numbers(index, "word") == [2]
    await index.close()


async def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    index = await EmbeddedSearchIndex.open(tmp_path / "search.sqlite")
    await put(index, said(1, "word"))
    assert modes_of(tmp_path) == {0o600}
    await index.close()


async def test_a_time_that_no_clock_shows_does_no_harm(tmp_path: Path) -> None:
    index = await EmbeddedSearchIndex.open(tmp_path / "search.sqlite")
    times = (-5, 0, 1 << 43, 1 << 60)
    await put(index, *(said(number, "word", at=at) for number, at in enumerate(times)))
    assert sorted(await numbers(index, "word")) == [0, 1, 2, 3]
    await index.close()

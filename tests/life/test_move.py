"""A data folder that is moved to PostgreSQL is the same installation there: history, keys, cursors, log-ins."""

from collections import defaultdict
from pathlib import Path

import asyncpg
import pytest
from tests.life.moving import (
    assert_same,
    prepared,
    shown_by_database,
    shown_by_folder,
    target,
    unpacked,
)

from chinwag.adapters.postgres.moving import MESSAGES
from chinwag.adapters.relational.everything import DIRECTORY, OWN
from chinwag.adapters.tables import Column, Row, Table, sums
from chinwag.life.backup import Telling
from chinwag.life.move.move import move

KEPT = sorted(path.parent for path in (Path(__file__).parents[1] / "kept").glob("*/expected.json"))
QUIET = Telling()


@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_all_of_a_folder_that_was_started_2000_times_is_there(
    filled_data: Path, postgres_url: str, size: int
) -> None:
    data = filled_data
    before = await shown_by_folder(data)
    await prepared(postgres_url)
    moved = await move(data, target(postgres_url), QUIET, size=size)
    assert moved.keys == 2
    assert all(moved.rows.values()), "there is something of every table in it"
    assert_same(before, await shown_by_database(postgres_url, before["names"]))


@pytest.mark.parametrize("state", KEPT, ids=lambda state: state.name)
async def test_all_of_a_kept_folder_is_there(state: Path, tmp_path: Path, postgres_url: str) -> None:
    data = unpacked(state, tmp_path)
    await prepared(postgres_url)
    await move(data, target(postgres_url), QUIET)
    before = await shown_by_folder(data)
    assert_same(before, await shown_by_database(postgres_url, before["names"]))


async def test_no_table_and_no_column_is_forgotten(postgres_url: str) -> None:
    """Whoever adds one to either schema says here what a move makes of it."""
    await prepared(postgres_url)
    # `replaced` tells of this database's files alone; the parts of a table hold what it holds.
    own = {"messages": {"life", "partitions", "replaced"}, "public": {"alembic_version", *OWN}}
    connection = await asyncpg.connect(postgres_url)
    try:
        found = defaultdict(set)
        for schema, table, column in await connection.fetch(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns "
            "WHERE table_schema IN ('messages', 'public') AND is_generated = 'NEVER' AND NOT EXISTS ("
            "SELECT FROM pg_inherits WHERE inhrelid = to_regclass(format('%I.%I', table_schema, table_name)))"
        ):
            if table not in own[schema]:
                found[schema, table].add(column)
    finally:
        await connection.close()
    moved = {(table.schema, table.name): {column.name for column in table.columns} for table in MESSAGES + DIRECTORY}
    assert moved == found


def test_two_rows_that_differ_have_different_sums() -> None:
    columns = (Column("a", "bytes"), Column("b", "text"), Column("c", "number"), Column("d", "truth"))
    table = Table("x", "y", columns, grouped=False)
    rows: list[Row] = [
        (b"a", "b", 1, True),
        (b"a", "b", 1, False),
        (b"a", "b", 1, None),
        (b"a", "b", None, True),
        (b"a", None, 1, True),
        (b"a", "", 1, True),
        (b"ab", "", 1, True),
        (b"", "ab", 1, True),
        (b"a", "b", -1, True),
    ]
    single = [next(sums(table, [row])) for row in rows]
    assert len({one.digest for one in single}) == len(rows)
    (all_of_them,) = sums(table, rows)
    assert (all_of_them.rows, all_of_them.digest) == (len(rows), sum(one.digest for one in single) % (1 << 64))
    assert list(sums(table, reversed(rows))) == [all_of_them], "in whatever order"

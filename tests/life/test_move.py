"""A data folder that is moved to PostgreSQL is the same installation there: history, keys, cursors, log-ins."""

from pathlib import Path

import pytest
from tests.life.moving import (
    assert_same,
    prepared,
    shown_by_database,
    shown_by_folder,
    target,
    unpacked,
)

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

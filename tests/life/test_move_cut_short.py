"""A move that is killed at any point goes on where it was, and until it is through nobody is served by either side."""

import asyncio
import signal
import sys
from pathlib import Path

import asyncpg
import pytest
from tests.life.moving import (
    SECRET,
    assert_same,
    prepared,
    shown_by_database,
    shown_by_folder,
    target,
)
from tests.support.engines import empty_database
from tests.support.keeper import Urls

from chinwag.adapters.postgres import HalfMovedError, open_stores, refuse_half_moved
from chinwag.adapters.relational.postgres import open_postgres_directory
from chinwag.fail_points import VARIABLE
from chinwag.life.backup import Telling
from chinwag.life.move.move import move
from chinwag.life.moved import MovedError, refuse_moved

QUIET = Telling()
_MOVE = """
import asyncio, sys
from pathlib import Path
from chinwag.life.backup import Telling
from chinwag.life.move.move import Target, move
data, messages, directory, secret, size = sys.argv[1:]
to = Target(messages=messages, directory=directory, secret=secret.encode(), name="there")
asyncio.run(move(Path(data), to, Telling(), size=int(size)))
"""


async def _killed(data: Path, messages: str, directory: str, point: str, size: int = 60) -> int:
    """Move in a process of its own, which ends at `point`; its exit code."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _MOVE, str(data), messages, directory, SECRET.decode(), str(size)),
        env={VARIABLE: point, "PATH": ""},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode is not None
    assert process.returncode == -signal.SIGKILL, said.decode()
    return process.returncode


async def _refused(data: Path, *urls: str) -> None:
    """Nobody is served: not by the folder, and not by a database."""
    with pytest.raises(MovedError, match="chinwag move"):
        refuse_moved(data)
    for url in urls:
        with pytest.raises(HalfMovedError, match="run `chinwag move` again"):
            await refuse_half_moved(url)


async def test_it_is_killed_at_every_point_in_turn_and_goes_on(filled_data: Path, postgres_url: str) -> None:
    data = filled_data
    before = await shown_by_folder(data)
    await prepared(postgres_url)
    await _killed(data, postgres_url, postgres_url, "move.begun")
    with pytest.raises(MovedError):
        refuse_moved(data)
    done = 0
    for point in ("move.batch:1", "move.batch:9", "move.batch:14", "move.copied", "move.marked"):
        await _killed(data, postgres_url, postgres_url, point)
        await _refused(data, postgres_url)
        with pytest.raises(HalfMovedError):
            await open_stores(postgres_url)
        with pytest.raises(HalfMovedError):
            await open_postgres_directory(postgres_url)
        now = await _rows(postgres_url)
        assert now >= done, "nothing is copied twice"
        done = now
    await _killed(data, postgres_url, postgres_url, "move.opened")
    await refuse_half_moved(postgres_url)
    with pytest.raises(MovedError, match="has moved to there"):
        refuse_moved(data)
    assert (await move(data, target(postgres_url), QUIET)).rows == {}, "it is done"
    assert_same(before, await shown_by_database(postgres_url, before["names"]))


async def _rows(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        found: int = await connection.fetchval("SELECT sum(rows) FROM moving.parts")
        return found
    finally:
        await connection.close()


async def test_of_two_databases_neither_is_served_before_it_is_whole(
    filled_data: Path, postgres_url: str, engine_urls: Urls
) -> None:
    data = filled_data
    before = await shown_by_folder(data)
    async with empty_database(engine_urls.postgres) as directory:
        await prepared(postgres_url)
        await prepared(directory)
        await _killed(data, postgres_url, directory, "move.batch:12", size=10_000)
        await _refused(data, postgres_url, directory)
        await _killed(data, postgres_url, directory, "move.opened:1", size=10_000)
        await refuse_half_moved(directory)
        await _refused(data, postgres_url)
        with pytest.raises(HalfMovedError):
            await refuse_half_moved(directory, postgres_url)
        await move(data, target(postgres_url, directory), QUIET)
        await refuse_half_moved(directory, postgres_url)
        assert_same(before, await shown_by_database(postgres_url, before["names"], directory))

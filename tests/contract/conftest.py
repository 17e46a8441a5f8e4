"""Every contract suite runs over every adapter."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contract.directories import Open, Place, PostgresPlace, SqlitePlace
from tests.contract.harness import HARNESSES, Harness
from tests.support.engines import empty_database, folder_of, urls

from chinwag.ports.directory import Directory


@pytest.fixture(params=sorted(HARNESSES))
async def ports(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Harness]:
    """All ports of one adapter, serving."""
    harness: Harness = HARNESSES[request.param](tmp_path / "data")
    await harness.start()
    yield harness
    harness.fault.passing.set()
    await harness.stop()


@pytest.fixture(params=["postgres", "sqlite"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """An empty database, of each kind that has a directory."""
    if request.param == "sqlite":
        yield SqlitePlace(tmp_path / "new" / "directory.db")
        return
    async with (
        empty_database(urls(folder_of(request.config)).postgres) as url,
        PostgresPlace.behind_a_proxy(url) as found,
    ):
        yield found


@pytest.fixture
def opener(place: Place) -> Open:
    """Opens the same directory, each time anew."""
    return place.open


@pytest.fixture
async def directory(opener: Open) -> AsyncIterator[Directory]:
    opened = await opener()
    yield opened
    await opened.close()

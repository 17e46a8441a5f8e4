"""Every contract suite runs over every adapter."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contract.directories import Open
from tests.contract.harness import HARNESSES, Harness

from chinwag.adapters.relational import open_directory
from chinwag.ports.directory import Directory


@pytest.fixture(params=sorted(HARNESSES))
async def ports(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Harness]:
    """All ports of one adapter, serving."""
    harness: Harness = HARNESSES[request.param](tmp_path / "data")
    await harness.start()
    yield harness
    harness.fault.passing.set()
    await harness.stop()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "new" / "directory.db"


@pytest.fixture(params=["sqlite"])
def opener(request: pytest.FixtureRequest, database: Path) -> Open:
    """Opens the same directory, each time anew."""
    assert request.param == "sqlite"
    return lambda: open_directory(database)


@pytest.fixture
async def directory(opener: Open) -> AsyncIterator[Directory]:
    opened = await opener()
    yield opened
    await opened.close()

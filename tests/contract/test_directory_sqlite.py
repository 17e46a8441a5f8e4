"""What the directory promises of its file, on SQLite."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contract.directories import people

from chinwag.adapters.relational import open_directory
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.directory import Directory


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "new" / "directory.db"


@pytest.fixture
async def directory(database: Path) -> AsyncIterator[Directory]:
    opened = await open_directory(database)
    yield opened
    await opened.close()


async def test_a_file_replaced_under_the_server_is_unavailable(directory: Directory, database: Path) -> None:
    """What is written to the file that is gone would be lost with the process."""
    await people(directory, "1")
    away = database.with_name("away")
    database.rename(away)  # noqa: ASYNC240
    database.touch()  # noqa: ASYNC240
    with pytest.raises(Refused) as refusal:
        await people(directory, "2")
    assert refusal.value.code is Code.UNAVAILABLE
    assert database.stat().st_size == 0  # noqa: ASYNC240


async def test_the_file_is_private(directory: Directory, database: Path) -> None:
    await people(directory, "1")
    assert database.stat().st_mode & 0o077 == 0  # noqa: ASYNC240

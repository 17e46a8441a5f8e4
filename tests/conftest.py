"""Fixtures that several suites share: a real server process, and a person who uses it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from prove.process import ServerProcess
from tests.support.people import Crowd


@pytest.fixture
def process(tmp_path: Path) -> Iterator[ServerProcess]:
    """A real server process on a folder of its own; not started yet. What it logged is shown when a test fails."""
    server = ServerProcess(tmp_path / "data")
    yield server
    server.end()
    print(server.log())


@pytest.fixture
async def crowd(process: ServerProcess) -> AsyncIterator[Crowd]:
    """People on `process`, which is started."""
    await process.start()
    people = Crowd(process)
    yield people
    await people.leave()

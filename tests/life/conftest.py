"""A server that lets people write as fast as they can, and a data folder with a bit of everything."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from prove.process import ServerProcess
from tests.life.moving import filled


@pytest.fixture
def process(tmp_path: Path) -> Iterator[ServerProcess]:
    """As everywhere, without a limit on sends: the tests here put the server under load."""
    server = ServerProcess(tmp_path / "data", "--limits-sends-per-second", "10000", "--limits-sends-burst", "100000")
    yield server
    server.end()
    print(server.log())


@pytest.fixture(scope="session")
def filled_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a bit of everything. For reading: `filled_data` is a test's own."""
    return asyncio.run(filled(tmp_path_factory.mktemp("filled") / "data"))


@pytest.fixture
def filled_data(filled_once: Path, tmp_path: Path) -> Path:
    """A data folder with a bit of everything."""
    return Path(shutil.copytree(filled_once, tmp_path / "data"))

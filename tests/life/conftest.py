"""A server that lets people write as fast as they can."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prove.process import ServerProcess


@pytest.fixture
def process(tmp_path: Path) -> Iterator[ServerProcess]:
    """As everywhere, without a limit on sends: the tests here put the server under load."""
    server = ServerProcess(tmp_path / "data", "--limits-sends-per-second", "10000", "--limits-sends-burst", "100000")
    yield server
    server.end()
    print(server.log())

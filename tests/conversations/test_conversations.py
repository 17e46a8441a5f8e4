"""Every script of this folder, played in one process and over sockets, with the laws checked at its end."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from argon2 import PasswordHasher
from tests.conversations.sentences import LANGUAGE
from tests.conversations.stage import Stage
from tests.support.places import InProcess, Place, Sockets
from tests.support.process import ServerProcess

from chinwag.assembly import open_server
from chinwag.config import Config, sections

SCRIPTS = [LANGUAGE.parse(path) for path in sorted(Path(__file__).parent.glob("*.chat"))]
assert SCRIPTS
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_process(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServerProcess]:
    """One server process for all scripts: each has people of its own."""
    process = ServerProcess(tmp_path_factory.mktemp("conversations") / "data")
    await process.start()
    yield process
    try:
        assert await process.stop() == 0
    finally:
        process.end()
    # What the server calls an error is one, whether or not somebody saw its effect.
    errors = [line for line in process.log().splitlines() if '"level":"error"' in line]
    assert errors == []


@pytest.fixture
async def in_process(tmp_path: Path) -> AsyncIterator[Place]:
    """A server in this process."""
    config = Config(
        data=sections.Data(path=tmp_path / "data"),
        server=sections.Server(port=0),
        observe=sections.Observe(port=0),
    )
    server = await open_server(config)
    server._accounts.passwords._hasher = CHEAP  # only the cost of hashing differs
    try:
        await server.start()
        place = InProcess(server)
        yield place
        await place.close()
    finally:
        await server.stop()


@pytest.mark.parametrize(
    "script", [script for script in SCRIPTS if script.only != "sockets"], ids=lambda script: script.name
)
async def test_in_process(script: object, in_process: Place) -> None:
    await _play(script, in_process)


@pytest.mark.parametrize(
    "script", [script for script in SCRIPTS if script.only != "process"], ids=lambda script: script.name
)
@pytest.mark.asyncio(loop_scope="session")
async def test_over_sockets(script: object, shared_process: ServerProcess) -> None:
    place = Sockets(shared_process)
    try:
        await _play(script, place)
    finally:
        await place.close()


async def _play(script: object, place: Place) -> None:
    stage = Stage(place)
    try:
        await stage.play(script, LANGUAGE.acts)  # type: ignore[arg-type]
    finally:
        await stage.close()

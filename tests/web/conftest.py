"""A server that serves the page with the engine alone, and what a test of it needs besides."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from prove.process import ServerProcess
from tests.web.browsers import CHROMIUM, chromium
from tests.web.gate import Gate
from tests.web.page_server import COMMAND, PAGE, ROOT, built_page
from tests.web.tabs import Complaints


@pytest.fixture(autouse=True, scope="session")
def browser_there() -> None:
    """These tests need Debian's Chromium: without it they fail, and do not pass unseen."""
    assert Path(CHROMIUM).exists(), f"no browser at {CHROMIUM}: `make setup` installs it where it may"


@pytest.fixture(scope="session")
def engine_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, built."""
    return built_page(tmp_path_factory.mktemp("page"))


@pytest_asyncio.fixture
async def page_server(tmp_path: Path, engine_page: Path) -> AsyncIterator[ServerProcess]:
    """A running server, at `url`."""
    process = ServerProcess(tmp_path / "data", command=COMMAND, environment={PAGE: str(engine_page)}, cwd=ROOT)
    await process.start()
    yield process
    try:
        assert await process.stop() == 0
    finally:
        process.end()


@pytest_asyncio.fixture
async def gate(page_server: ServerProcess) -> AsyncIterator[Gate]:
    """What stands before the server."""
    gate = Gate(lambda: page_server.url)
    await gate.start()
    yield gate
    await gate.stop()


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser."""
    async with chromium() as browser:
        yield browser


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Of the consoles; none may be left."""
    complaints = Complaints()
    yield complaints
    assert complaints == []

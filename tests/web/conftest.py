"""A server that serves the page with the engine alone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from prove.process import ServerProcess
from tests.web.browsers import CHROMIUM
from tests.web.page_server import COMMAND, PAGE, ROOT, built_page


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

"""A server that serves the page with the engine alone."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from prove.process import ServerProcess
from tests.web.browsers import CHROMIUM
from tests.web.page_server import COMMAND, PAGE

ROOT: Final = Path(__file__).parents[2]


@pytest.fixture(autouse=True, scope="session")
def browser_there() -> None:
    """These tests need Debian's Chromium (`apt-get install chromium`)."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no browser at {CHROMIUM}")


@pytest.fixture(scope="session")
def engine_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, built."""
    folder = tmp_path_factory.mktemp("page")
    web = str(ROOT / "tools" / "web.sh")
    build = ["exec", "--", "vite", "build", "-c", "vite.engine-test.config.ts", "--outDir", str(folder)]
    for arguments in (["run", "types"], build):
        done = subprocess.run([web, "npm", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


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

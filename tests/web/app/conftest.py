"""What the tests of the web client share: the built app, a real server, real browsers, and no complaint unheard."""

import fcntl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Browser, Playwright, async_playwright
from prove.process import ServerProcess
from tests.web.app.visitor import Visitor, visitor_in
from tests.web.browsers import launched
from tests.web.gate import Gate

ROOT = Path(__file__).parents[3]
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

Arrive = Callable[..., Awaitable[Visitor]]

FAILED: Final = pytest.StashKey[bool]()
"""Whether a test's own part has failed: then its pages are described."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what became of the test for its fixtures, which end after it."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session", autouse=True)
def built_app() -> None:
    """The app as it is served, made from the present sources; the workers make it once."""
    with (ROOT / "tools" / "web.sh").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([ROOT / "tools" / "web.sh", "build"], check=True, cwd=ROOT)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server process with cheap password hashes: what people wait for here is the page."""
    server = ServerProcess(tmp_path / "data", command=(sys.executable, "-m", "tests.support.quick_server"), cwd=ROOT)
    yield server
    server.end()
    print(server.log())


@pytest.fixture
async def served(process: ServerProcess) -> ServerProcess:
    """A server that runs."""
    await process.start()
    return process


@pytest.fixture
async def line(served: ServerProcess) -> AsyncIterator[Gate]:
    """A line to the server that can be cut."""
    gate = Gate(lambda: served.url)
    await gate.start()
    yield gate
    await gate.stop()


@pytest.fixture
async def playwright() -> AsyncIterator[Playwright]:
    """What drives the browsers."""
    async with async_playwright() as driver:
        yield driver


@pytest.fixture
async def browser(playwright: Playwright) -> AsyncIterator[Browser]:
    """One browser; each visitor has a profile of their own in it."""
    chromium = await launched(playwright)
    yield chromium
    await chromium.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the consoles of all pages said, errors and warnings."""
    return []


@pytest.fixture
async def arrive(
    request: pytest.FixtureRequest, browser: Browser, served: ServerProcess, complaints: list[str]
) -> AsyncIterator[Arrive]:
    """A new visitor with a profile of their own; `phone=True` has a phone's window. Nobody's console may complain. When
    the test has failed, what stands on each page goes into its report."""
    visitors: list[Visitor] = []

    async def come(*, phone: bool = False, url: Callable[[], str] | None = None, **options: Any) -> Visitor:
        size = PHONE if phone else DESKTOP
        shape = {"has_touch": True, "is_mobile": True} if phone else {}
        context = await browser.new_context(**{"viewport": size, "locale": "en-GB", **shape, **options})
        visitors.append(await visitor_in(context, complaints, url or (lambda: served.url)))
        return visitors[-1]

    yield come
    if request.node.stash.get(FAILED, False):
        for visitor in visitors:
            print(await visitor.described())
    assert complaints == []

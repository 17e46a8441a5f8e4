"""One PostgreSQL, one NATS and one Cassandra for a run of tests, however many workers it has, and gone with it.

They start when the first test asks for them. A keeper of their own (`keeper.py`) ends them as soon as the run has
ended, however it did: the run holds a file's lock, which the system lets go also of a process that was killed.
"""

import contextlib
import fcntl
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final

import asyncpg
import msgspec
import pytest
from tests.support import run_cassandra
from tests.support.keeper import KEPT, LOG, RUN, URLS, Urls

from chinwag.engines.process import wait_until

START_SECONDS: Final = 600.0
"""The programs may have to be fetched first."""
_BEGIN: Final = "begin"
_INPUT: Final = "engines"
_PLUGIN: Final = "run-engines"
_numbers = itertools.count()


class RunEngines:
    """The folder of the run, made by its first process and told to its workers; the run's end is told to the keeper."""

    def __init__(self, config: pytest.Config) -> None:
        given = getattr(config, "workerinput", {}).get(_INPUT)
        self.folder = Path(given or tempfile.mkdtemp(prefix="chinwag-run-"))
        self._run: BinaryIO | None = None
        if given is None:
            self._run = (self.folder / RUN).open("wb")
            fcntl.flock(self._run, fcntl.LOCK_EX)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: object) -> None:
        """Tell a worker of xdist where the run keeps its engines."""
        node.workerinput[_INPUT] = str(self.folder)  # type: ignore[attr-defined]

    def pytest_unconfigure(self) -> None:
        """At the end of the run: the keeper hears of it, and is waited for."""
        if self._run is None:
            return
        self._run.close()
        for name in (KEPT, run_cassandra.KEPT):
            with (self.folder / name).open("wb") as kept:
                fcntl.flock(kept, fcntl.LOCK_EX)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def engine_urls(pytestconfig: pytest.Config) -> Urls:
    """Where the run's engines are, ready."""
    return urls(folder_of(pytestconfig))


@pytest.fixture(scope="session")
def cassandra_port(pytestconfig: pytest.Config) -> int:
    """Where the run's Cassandra is on 127.0.0.1, ready."""
    return int(_kept(folder_of(pytestconfig), "tests.support.run_cassandra", run_cassandra.LOG, run_cassandra.PORT))


@pytest.fixture
def nats_url(engine_urls: Urls) -> str:
    """The run's NATS. Other tests use it at the same time: a test names its own subjects."""
    return engine_urls.nats


@pytest.fixture
async def postgres_url(engine_urls: Urls) -> AsyncIterator[str]:
    """A new, empty database on the run's PostgreSQL, of this test alone. Its locale is en_US."""
    async with empty_database(engine_urls.postgres) as url:
        yield url


@asynccontextmanager
async def empty_database(server: str) -> AsyncIterator[str]:
    """The address of a new database on the PostgreSQL at `server`, which is gone afterwards."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        yield f"{server.rpartition('/')[0]}/{name}"
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


def folder_of(config: pytest.Config) -> Path:
    """The folder that the run and all its workers share."""
    plugin = config.pluginmanager.get_plugin(_PLUGIN)
    assert isinstance(plugin, RunEngines)
    return plugin.folder


def register(config: pytest.Config) -> None:
    """Make the fixtures known, and the run's folder. Called by the run and by each of its workers."""
    config.pluginmanager.register(RunEngines(config), _PLUGIN)
    config.pluginmanager.register(sys.modules[__name__])


def urls(folder: Path) -> Urls:
    """Where the engines of the run with this folder are; start their keeper if nobody has yet."""
    return msgspec.json.decode(_kept(folder, "tests.support.keeper", LOG, URLS), type=Urls)


def _kept(folder: Path, module: str, log_name: str, told: str) -> bytes:
    """What the keeper that `module` is says in the file `told` once its engines are ready; started by whoever is
    first."""
    with _alone(folder / _BEGIN):
        if not (folder / log_name).exists():
            with (folder / log_name).open("wb") as log:
                keeper = subprocess.Popen(
                    [sys.executable, "-m", module, folder],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            wait_until(lambda: (folder / told).exists() or keeper.poll() is not None, START_SECONDS)
            keeper.returncode = 0  # it outlives a worker
    if not (folder / told).exists():
        pytest.fail(f"an engine did not start:\n{(folder / log_name).read_text()}", pytrace=False)
    return (folder / told).read_bytes()


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

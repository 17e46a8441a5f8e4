"""What all suites share: that none waits for ever, a real server process, a person who uses it."""

import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from prove.process import ServerProcess, end_left
from tests.support import engines
from tests.support.long_first import LongFirst
from tests.support.patience import Patience
from tests.support.patient_directory import a_patient_directory  # noqa: F401 - a fixture
from tests.support.people import Crowd
from tests.support.script_table import ScriptTable


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the runner, and each of its workers."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        # A shell that starts something in the background has it ignore SIGINT, and whoever ignores a signal passes
        # that on to its children, but a handler ends with exec. So this runner stays deaf to it, and the programs
        # that tests interrupt hear it.
        signal.signal(signal.SIGINT, lambda _number, _frame: None)
    # How long a machine takes to draw an example, or to try it, says nothing about what is tried.
    settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("untimed")
    config.pluginmanager.register(ScriptTable())
    config.pluginmanager.register(Patience())
    config.pluginmanager.register(LongFirst())
    engines.register(config)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a case of bytes or of a set by its place: masks are drawn and sets have no order, and every worker must
    give a test the same name."""
    return argname if isinstance(val, bytes | set | frozenset) else None


@pytest.fixture(scope="session", autouse=True)
def _no_server_is_left() -> Iterator[None]:
    """Tests end the servers that they start: one more on the machine is in every later figure. Looked at once,
    after the last test and after what is shared by all."""
    yield
    left = end_left()
    assert not left, f"left running, and ended now: {left}"


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

"""A test that stands still fails, whichever of its phases does, and the next ones run."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
INI = f"""[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
pythonpath = {ROOT}
"""
CONFTEST = """
from tests.support.patience import Patience

def pytest_configure(config):
    config.pluginmanager.register(Patience(0.5, 2))
"""
TESTS = """
import asyncio
import threading
import pytest

FOR_EVER = threading.Event()

@pytest.fixture
def never_made():
    FOR_EVER.wait()

@pytest.fixture
def never_tidied():
    yield
    FOR_EVER.wait()

async def test_a_coroutine():
    await asyncio.Event().wait()

async def test_one_that_will_not_be_cancelled():
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass

def test_a_function():
    FOR_EVER.wait()

def test_what_it_needs(never_made):
    pass

def test_what_tidies_up_after_a_failure(never_tidied):
    raise ValueError

def test_another():
    pass
"""


def test_none_waits_for_ever(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_standing.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text(INI)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "-p", "no:xdist", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    last = ran.stdout.splitlines()[-1]
    assert "4 failed, 1 passed, 3 errors" in last, ran.stdout + ran.stderr
    assert "TimeoutError" in ran.stdout, "a coroutine says where it stood"
    assert ran.stdout.count("StoodStillError: what tidies up after the test came to no end") >= 2
    assert "PASSED test_standing.py::test_another" in ran.stdout

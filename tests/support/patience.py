"""No test waits for ever: one that stands still fails, and says where it stood, while the others go on."""

import asyncio
import contextlib
import faulthandler
import functools
import inspect
import signal
import sys
from collections.abc import Awaitable, Callable, Generator, Iterator
from types import FrameType
from typing import Any, Final

import pytest

PATIENCE: Final = 450.0
"""Seconds that the coroutine of a test may take. The slowest takes a fifth of that on a quiet machine. Nothing is
decided by it. It is cancelled where it waits, so that its failure shows that place."""
PHASE: Final = 600.0
"""Seconds that each phase of a test may take, be it a coroutine or not: what it needs, itself, and what tidies up after
it, above all after it has failed."""


class StoodStillError(Exception):
    """A phase of a test came to no end."""


class Patience:
    """A plugin of pytest's."""

    def __init__(self, seconds: float = PATIENCE, phase: float = PHASE) -> None:
        self._seconds = seconds
        self._phase = phase

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Give each test that is a coroutine an end."""
        for item in items:
            if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
                item.obj = _bounded(item.obj, self._seconds)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Generator[None]:
        """Make what it needs, in time."""
        with _ends(self._phase, "what the test needs"):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Generator[None]:
        """Run it, in time."""
        with _ends(self._phase, "the test"):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None]:
        """Tidy up, in time."""
        with _ends(self._phase, "what tidies up after the test"):
            return (yield)


@contextlib.contextmanager
def _ends(seconds: float, what: str) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        faulthandler.dump_traceback(sys.__stderr__ or sys.stderr, all_threads=True)
        raise StoodStillError(f"{what} came to no end within {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _bounded(test: Callable[..., Awaitable[None]], seconds: float) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def wrapped(*args: Any, **kwargs: Any) -> None:
        async with asyncio.timeout(seconds):
            await test(*args, **kwargs)

    return wrapped

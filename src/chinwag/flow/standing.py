"""Standing work: what goes on for as long as its process does, one step after another.

A job says what a step is and when the next is due. How it goes on whatever goes wrong with it (P12 of
docs/guarantees.md) is said here once for all of them: a step that fails, or does not end, is logged and done again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import structlog

from chinwag.domain.refusal import Refused
from chinwag.flow.cancelled import told_to_end
from chinwag.flow.spare_time import SpareTime
from chinwag.ports.bus import Subject

AGAIN_SECONDS: Final = 1.0
"""From a step that failed to the next; twice as long each time in a row."""
AGAIN_MOST: Final = 30.0
"""The longest such pause."""
STEP_SECONDS: Final = 600.0
"""How long a step may take if its job says nothing else."""

_log = structlog.get_logger(__name__)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of standing work. It is safe to do twice, and side by side with itself, at any step.

    name: unique among the jobs of an installation, as each will have one owner. step: does a bounded piece; True if
    there is more to be done at once. poll_seconds: the next step is at the latest so long after one that returned
    False. failing: what the log says of a step that failed. wake: a signal there brings the next step forward. wait:
    waits in place of that, at most so many seconds. pause_seconds: between two steps when there is more.
    spare_time: it is never urgent, so then it leaves the processor to whatever is. step_seconds: a step that takes
    longer is given up and done again.
    """

    name: str
    step: Callable[[], Awaitable[bool]]
    poll_seconds: float
    failing: str
    wake: Subject | None = None
    wait: Callable[[float], Awaitable[object]] | None = None
    pause_seconds: float = 0.0
    spare_time: bool = False
    step_seconds: float = STEP_SECONDS


class StandingWork:
    """Does the steps of one job: `run` until cancelled, or until `finish` is called."""

    def __init__(self, job: Job, again_seconds: float = AGAIN_SECONDS) -> None:
        """again_seconds: the first pause after a failure."""
        self.job: Final = job
        self.steps = 0
        """Steps done."""
        self.failed = 0
        """Steps that failed."""
        self.failing = 0
        """Those in a row up to now."""
        self._again = again_seconds
        self._work = asyncio.Event()
        self._finished = asyncio.Event()
        self._spare = SpareTime(sleep=lambda seconds: _for(self._finished, seconds))

    def wake(self) -> None:
        """There is something to do: the next step need not wait."""
        self._work.set()

    def finish(self) -> None:
        """Let `run` end after the step that is under way."""
        self._finished.set()
        self._work.set()

    async def run(self) -> None:
        """Do steps. Only being cancelled from outside, and `finish`, end it."""
        while not self._finished.is_set() and not told_to_end():
            self._work.clear()
            began = time.perf_counter()
            try:
                more = await self._step()
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                # Something that the step waited for was cancelled, which is no reason to end for good.
                _log.exception(self.job.failing, job=self.job.name)
            except Refused as refused:
                _log.warning(self.job.failing, job=self.job.name, code=refused.code, detail=refused.detail)
            except Exception:
                _log.exception(self.job.failing, job=self.job.name)
            else:
                self.steps += 1
                self.failing = 0
                await (self._pause(time.perf_counter() - began) if more else self._wait())
                continue
            self.failed += 1
            self.failing += 1
            await _for(self._finished, min(self._again * 2 ** min(self.failing - 1, 10), AGAIN_MOST))

    async def _step(self) -> bool:
        async with asyncio.timeout(self.job.step_seconds):
            return await self.job.step()

    async def _pause(self, worked: float) -> None:
        if self.job.spare_time:
            await self._spare.rest(worked)
        else:
            await asyncio.sleep(self.job.pause_seconds)

    async def _wait(self) -> None:
        if self.job.wait is not None and not self._finished.is_set():
            try:
                await self.job.wait(self.job.poll_seconds)
            except Exception:
                _log.exception("a job's waiting failed", job=self.job.name)
                await _for(self._finished, self._again)
        else:
            await _for(self._work, self.job.poll_seconds)


async def _for(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, at most so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass

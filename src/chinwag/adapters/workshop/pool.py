"""So many processes of the workbench, and a queue before them."""

import asyncio
import contextlib
from collections import deque
from typing import Final

import msgspec
import structlog

from chinwag.adapters.workshop.bench import Bench
from chinwag.domain.refusal import Code, Refused
from chinwag.workbench.messages import Bounds, Done, Job

IDLE_SECONDS: Final = 60.0
"""A process that has nothing to do for so long gives its memory back."""

_log = structlog.get_logger(__name__)


class PoolRules(msgspec.Struct, frozen=True, kw_only=True):
    """processes: at once. waiting: jobs in the queue, at most. jobs: after so many a process is replaced. seconds: by
    the clock, for a job. bounds: of each process."""

    processes: int
    waiting: int
    jobs: int
    seconds: float
    bounds: Bounds


class Pool:
    """Jobs in the order in which they came. Processes are started when they are needed."""

    def __init__(self, rules: PoolRules) -> None:
        self._rules = rules
        self._places = asyncio.Semaphore(rules.processes)
        self._idle: deque[Bench] = deque()  # at most `processes`
        self._running: set[Bench] = set()
        self._rest: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False
        self.waiting = 0
        self.died = 0

    async def run(self, job: Job) -> Done | None:
        """What came of the job; None if its process died over it, or took too long. Raises `Refused(OVERLOADED)` if too
        many wait, `Refused(UNAVAILABLE)`. Cancelling it ends the job."""
        if self.waiting >= self._rules.waiting:
            raise Refused(Code.OVERLOADED, "too many pictures wait to be looked at", 5.0)
        self.waiting += 1
        try:
            await self._places.acquire()
        finally:
            self.waiting -= 1
        try:
            return await self._run(job)
        finally:
            self._places.release()

    async def close(self) -> None:
        """End all processes."""
        self._closed = True
        if self._rest is not None:
            self._rest.cancel()
        for bench in (*self._idle, *self._running):
            self._end(bench)
        self._idle.clear()
        while self._ending:
            await asyncio.wait(self._ending)

    @property
    def pids(self) -> list[int]:
        """The processes that there are now."""
        return [bench.pid for bench in (*self._idle, *self._running)]

    async def _run(self, job: Job) -> Done | None:
        if self._closed:
            raise Refused(Code.UNAVAILABLE, "the server is stopping", 1.0)
        bench = self._idle.pop() if self._idle else await Bench.begin(self._rules.bounds)
        self._running.add(bench)
        answer: Done | None = None
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._rules.seconds):
                    answer = await bench.ask(job)
        finally:
            self._running.discard(bench)
            if answer is None or bench.done >= self._rules.jobs or self._closed:
                self._end(bench)
            else:
                self._idle.append(bench)
                self._rest_later()
        if answer is None:
            if self._closed:
                raise Refused(Code.UNAVAILABLE, "the server is stopping", 1.0)
            self.died += 1
            _log.warning("a process for media died over a file", job=job.kind)
        return answer

    def _end(self, bench: Bench) -> None:
        task = asyncio.create_task(bench.end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _rest_later(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
        self._rest = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._end_idle)

    def _end_idle(self) -> None:
        while self._idle:
            self._end(self._idle.pop())

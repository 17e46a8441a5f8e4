"""The housekeeping role: does the jobs it is given, side by side, for as long as it is started."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from chinwag.flow.standing import Job, StandingWork
from chinwag.ports.bus import Bus

FAILING_MOST: Final = 5
"""Steps that may fail in a row before the job counts as failing."""


class Housekeeping:
    """Runs jobs from `start` to `stop`."""

    def __init__(
        self, jobs: Sequence[Job], bus: Bus, listening: Sequence[Callable[[], Callable[[], None]]] = ()
    ) -> None:
        """listening: each begins to take what jobs wait for, and returns what ends that."""
        if len({job.name for job in jobs}) != len(jobs):
            raise ValueError("two jobs of one name")
        self.work = [StandingWork(job) for job in jobs]
        self._bus = bus
        self._listening = listening
        self._stops: list[Callable[[], None]] = []
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin every job."""
        self._stops = [begin() for begin in self._listening]
        for work in self.work:
            if work.job.wake is not None:
                self._stops.append(self._bus.subscribe(work.job.wake, lambda _, work=work: work.wake()))  # type: ignore[misc]
            self._tasks.append(asyncio.create_task(work.run(), name=work.job.name))

    async def stop(self) -> None:
        """End every job where it stands: each can be done again."""
        for stop in self._stops:
            stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._stops, self._tasks = [], []

    async def check(self) -> None:
        """For readiness: raise if a job has ended, or fails and fails."""
        for task in self._tasks:
            if task.done():
                raise RuntimeError(f"the job {task.get_name()} has ended")
        for work in self.work:
            if work.failing >= FAILING_MOST:
                raise RuntimeError(f"the job {work.job.name} fails")

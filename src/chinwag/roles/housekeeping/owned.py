"""Jobs that several processes have, and one at a time does: whoever the Registry says owns it."""

from collections.abc import Callable, Sequence

import msgspec

from chinwag.flow.standing import Job, StandingWork
from chinwag.ports.bus import NodeId
from chinwag.ports.registry import Registry, job_duty


class OwnedJobs:
    """The jobs of one process of several. A step is done where the job is owned at its beginning; two that both see
    themselves as its owner for a moment do it twice, which every job bears."""

    def __init__(self, registry: Registry, node: NodeId) -> None:
        self._registry = registry
        self._node = node
        self._stops: list[Callable[[], None]] = []

    def job(self, job: Job) -> Job:
        """`job`, idle while it is another's."""
        duty = job_duty(job.name)

        async def step() -> bool:
            return bool(self._registry.owned(duty, self._node)) and await job.step()

        return msgspec.structs.replace(job, step=step)

    def watch(self, work: Sequence[StandingWork]) -> None:
        """Wake what has just become this process's own."""
        for each in work:
            self._stops.append(
                self._registry.watch_owned(job_duty(each.job.name), self._node, lambda _, each=each: each.wake())  # type: ignore[misc]
            )

    def stop(self) -> None:
        """Watch no longer."""
        for stop in self._stops:
            stop()
        self._stops = []

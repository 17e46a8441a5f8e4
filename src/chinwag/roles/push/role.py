"""The push role: reads what is placed, sends what is due, takes back what was read, for as long as it is started."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from chinwag.flow.push import follow, keys, send, spread, take_back
from chinwag.flow.push.follow import PushFollower
from chinwag.flow.push.keys import PushKeys
from chinwag.flow.push.send import Sender
from chinwag.flow.push.spread import Spreading
from chinwag.flow.push.take_back import TakeBack
from chinwag.flow.standing import Job, StandingWork
from chinwag.ports.bus import PUSHING, Bus, NodeId, Publication
from chinwag.ports.directory import Directory
from chinwag.ports.registry import Duty, Registry

FOLLOWS: Final = Duty("push", "push")
"""All but the sending, which every process with this role does: one of them."""
STEP_SECONDS: Final = 60.0


class PushRole:
    """The work of one process. Of several each sends, and one does the rest."""

    def __init__(
        self,
        follower: PushFollower,
        spreading: Spreading,
        sender: Sender,
        taking_back: TakeBack,
        pushing: PushKeys,
        directory: Directory,
        bus: Bus,
        registry: Registry,
        node: NodeId,
    ) -> None:
        self._sender = sender
        self._taking_back = taking_back
        self._bus = bus
        self._registry = registry
        self._node = node
        self._stops: list[Callable[[], None]] = []
        self._tasks: list[asyncio.Task[None]] = []

        async def keeping() -> bool:
            await pushing.keep(directory)
            return False

        self.work: Final[Sequence[StandingWork]] = [
            StandingWork(job)
            for job in (
                Job(
                    name="push-follow",
                    step=self._if_owner(follower.step),
                    poll_seconds=follow.POLL_SECONDS,
                    failing="what is placed waits to be pushed",
                    step_seconds=STEP_SECONDS,
                ),
                Job(
                    name="push-spread",
                    step=self._if_owner(spreading.step),
                    poll_seconds=spread.POLL_SECONDS,
                    failing="pushes to many of a large group wait",
                    step_seconds=STEP_SECONDS,
                ),
                Job(
                    name="push-send",
                    step=sender.step,
                    wait=sender.wait,
                    poll_seconds=send.POLL_SECONDS,
                    failing="pushes wait",
                    step_seconds=STEP_SECONDS,
                ),
                Job(
                    name="push-heed",
                    step=self._if_owner(taking_back.heed),
                    wait=taking_back.wait,
                    poll_seconds=take_back.LOOK_SECONDS,
                    failing="what was read is taken back later",
                    step_seconds=STEP_SECONDS,
                ),
                Job(
                    name="push-look",
                    step=self._if_owner(taking_back.look),
                    poll_seconds=take_back.LOOK_SECONDS,
                    failing="what devices show is not looked at",
                    step_seconds=STEP_SECONDS,
                ),
                Job(
                    name="push-keys",
                    step=self._if_owner(keeping),
                    poll_seconds=keys.KEEP_SECONDS,
                    failing="old keys of pushes stay for now",
                ),
            )
        ]

    def start(self) -> None:
        """Begin."""
        self._stops = [self._bus.subscribe(PUSHING, self._on_signal)]
        self._tasks = [asyncio.create_task(work.run(), name=work.job.name) for work in self.work]

    async def stop(self) -> None:
        """End where it stands: all of it can be done again."""
        for stop in self._stops:
            stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._stops, self._tasks = [], []
        await self._sender.close()

    async def check(self) -> None:
        """For readiness: raise if a piece of work has ended."""
        for task in self._tasks:
            if task.done():
                raise RuntimeError(f"the job {task.get_name()} has ended")

    def _on_signal(self, publication: Publication) -> None:
        self._taking_back.on_signal(publication)
        self._sender.wake()

    def _if_owner(self, step: Callable[[], Awaitable[bool]]) -> Callable[[], Awaitable[bool]]:
        async def owned() -> bool:
            return bool(self._registry.owned(FOLLOWS, self._node)) and await step()

        return owned

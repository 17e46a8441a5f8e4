"""Tells the Registry that this gateway lives, and how full it is."""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from chinwag.flow.standing import Job, StandingWork
from chinwag.ports.registry import Node, Registry

EVERY_SECONDS: Final = 2.0


class Beacon:
    """Registers `node` with its present number of sessions until it is stopped."""

    def __init__(self, registry: Registry, node: Node, sessions: Callable[[], int]) -> None:
        self._registry = registry
        self._node = node
        self._sessions = sessions
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Register now, and from now on."""
        await self._register()
        job = Job(name="beacon", step=self._step, poll_seconds=EVERY_SECONDS, failing="the registry was not told")
        self._task = asyncio.create_task(StandingWork(job).run(), name=job.name)

    async def change(self, node: Node) -> None:
        """Say this of the node from now on. Raises `Refused(UNAVAILABLE)`: then the next beat says it."""
        self._node = node
        await self._register()

    async def stop(self) -> None:
        """Withdraw: nobody is sent here any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            await self._registry.withdraw(self._node.id)

    async def _step(self) -> bool:
        await self._register()
        return False

    async def _register(self) -> None:
        await self._registry.register(msgspec.structs.replace(self._node, sessions=self._sessions()))

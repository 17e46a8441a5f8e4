"""A part of a server: what starts and stops together, how it is checked, and what it counts.

A server is a list of parts. A role is one of them, so that a process may carry one role alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec
import structlog

from chinwag.assembly.figures import Figures
from chinwag.roles.observe import Check

PART_SECONDS: Final = 6.0
"""How long one part may take to drain, and to stop; a part bounds its own waiting below that."""

_log = structlog.get_logger(__name__)


async def nothing() -> None:
    """For a part that has nothing to do there."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part. Its name is unique in a server.

    start: after it the part serves; what came before it is started. drain: take nothing new, finish what is under way,
    send away whoever is connected; all parts still work. stop: let go of everything. It may follow a `start` that
    failed half-way. Each may raise or hang: the other parts are stopped nevertheless. opened: whether it holds
    something before `start`, so that it is stopped even if nothing was started.
    """

    name: str
    opened: bool = False
    start: Callable[[], Awaitable[None]] = nothing
    drain: Callable[[], Awaitable[None]] = nothing
    stop: Callable[[], Awaitable[None]] = nothing
    checks: Sequence[Check] = ()
    figures: Figures = Figures()


class Parts:
    """Starts parts in their order, and drains and stops them in the reverse."""

    def __init__(self, parts: Sequence[Part], seconds: float = PART_SECONDS) -> None:
        """seconds: how long one part may take to drain, and to stop."""
        if len({part.name for part in parts}) != len(parts):
            raise ValueError("two parts of one name")
        if [part.opened for part in parts] != sorted((part.opened for part in parts), reverse=True):
            raise ValueError("what is open already comes first")
        self.by_name: Final = {part.name: part for part in parts}
        self._seconds = seconds
        self._started = [part for part in parts if part.opened]
        self.serving = False
        """Whether all are started and none is drained."""

    async def start(self) -> None:
        """Start all. Raises what one of them raises; those started before it, and itself, are stopped then."""
        try:
            for part in self.by_name.values():
                if not part.opened:
                    self._started.append(part)
                await part.start()
        except BaseException:
            await self._stop_started()
            raise
        self.serving = True

    async def stop(self) -> None:
        """Drain all that are started, then stop them. Bounded; harmless when none is, or a second time."""
        self.serving = False
        for part in reversed(self._started):
            await self._within(part, "drain", part.drain)
        await self._stop_started()

    async def _stop_started(self) -> None:
        while self._started:
            part = self._started.pop()
            await self._within(part, "stop", part.stop)

    async def _within(self, part: Part, step: str, work: Callable[[], Awaitable[None]]) -> None:
        doing = asyncio.ensure_future(work())
        try:
            # wait, unlike timeout, does not hang on work that will not be cancelled
            await asyncio.wait([doing], timeout=self._seconds)
            if not doing.done():
                _log.error("a part takes too long", part=part.name, step=step)
            elif doing.cancelled():
                _log.error("a part was cancelled", part=part.name, step=step)
            elif (failure := doing.exception()) is not None:
                _log.error("a part failed", part=part.name, step=step, exc_info=failure)
        finally:
            doing.cancel()

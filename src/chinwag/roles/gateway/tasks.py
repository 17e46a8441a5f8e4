"""Work that sessions have done beside, kept from being collected while it runs."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from chinwag.domain.refusal import Refused

_log = structlog.get_logger(__name__)


class Tasks:
    """Runs work, logs what goes wrong with it, and ends all of it at `stop`."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` beside."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    async def settled(self) -> None:
        """Wait until nothing runs any longer."""
        while self._running:
            await asyncio.wait(set(self._running))

    def stop(self) -> None:
        """Cancel whatever runs."""
        for task in self._running:
            task.cancel()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        failure = None if task.cancelled() else task.exception()
        if isinstance(failure, Refused):
            _log.info("work for a session was refused", code=failure.code, detail=failure.detail)
        elif failure is not None:
            _log.error("work for a session failed", exc_info=failure)

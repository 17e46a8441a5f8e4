"""Work that is never urgent takes of the time what the event loop leaves, and little where that leaves little.

A thread that computes beside the event loop takes the interpreter from it, so everybody's answers come later. What is
measured is the processor's time of the loop's own thread while such work rests: that is what all the rest needs. Of
what is left it takes the same part once more, as a loop that waits for its disk seems less busy than it is.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

LEAST_SHARE: Final = 0.02
"""Of the time, for such work, when the loop is never idle: it gets on all the same."""
LEAST_SECONDS: Final = 0.002
"""A rest, so that there is something to measure by."""
MOST_SECONDS: Final = 5.0
"""A rest, however long the piece of work before took."""
SMOOTHING: Final = 0.5
"""How much the newest rest counts beside all before."""


class SpareTime:
    """Says how long to rest after each piece of work. Used on the event loop."""

    def __init__(
        self,
        own: Callable[[], float] = time.thread_time,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """own: the processor's time that the calling thread has had, in seconds. clock: seconds from any beginning."""
        self._own = own
        self._clock = clock
        self._sleep = sleep
        self.busy = 0.0
        """The part of the time, 0 to 1, that the loop worked while such work rested."""

    async def rest(self, worked: float) -> None:
        """Rest after a piece of work of so many seconds."""
        share = max(LEAST_SHARE, (1.0 - self.busy) ** 2)
        own, began = self._own(), self._clock()
        await self._sleep(min(MOST_SECONDS, max(LEAST_SECONDS, worked * (1.0 / share - 1.0))))
        passed = self._clock() - began
        if passed > 0:
            busy = min(1.0, (self._own() - own) / passed)
            self.busy += SMOOTHING * (busy - self.busy)

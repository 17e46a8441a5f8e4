"""Work that is never urgent takes of the time what the server leaves, and little where that leaves little.

A thread that computes beside the event loop takes the interpreter from it, and on a full processor the processor too,
so everybody's answers come later. What is measured, while such work rests, is the processor's time of the loop's own
thread and of all threads together: that is what all the rest needs, and the one that is nearer to its limit counts. Of
what is left it takes the same part once more, as a loop that waits for its disk seems less busy than it is.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import Final

LEAST_SHARE: Final = 0.01
"""Of the time, for such work, when the server is never idle: it gets on all the same."""
LEAST_SECONDS: Final = 0.002
"""A rest, so that there is something to measure by."""
MOST_SECONDS: Final = 20.0
"""A rest, however long the piece of work before took."""
LOOK_SECONDS: Final = 0.5
"""How soon a rest hears that there is less to do."""
SMOOTHING: Final = 0.5
"""How much the newest look counts beside all before."""
STINT_SECONDS: Final = 0.0005
"""How long a thread works on before it lets others in."""
STINT_REST: Final = 0.0001
"""Its rest then: whoever waits for the interpreter or for the processor has either meanwhile."""


class SpareTime:
    """Says how long to rest after each piece of work. Used on the event loop."""

    def __init__(
        self,
        own: Callable[[], float] = time.thread_time,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        together: Callable[[], float] = time.process_time,
        cores: int | None = None,
    ) -> None:
        """own: the processor's time that the calling thread has had, in seconds; together: that of all threads. clock:
        seconds from any beginning. cores: those that the process may run on."""
        self._own = own
        self._clock = clock
        self._sleep = sleep
        self._together = together
        self._cores = cores or _cores()
        self.busy = 0.0
        """The part of the time, 0 to 1, that the server worked while such work rested."""

    async def rest(self, worked: float) -> None:
        """Rest after a piece of work of so many seconds. A sleep that ends long before its time ends the rest."""
        rested = 0.0
        while (left := self._due(worked) - rested) > 0:
            asked = min(LOOK_SECONDS, max(LEAST_SECONDS, left))
            passed = await self._look(asked)
            if passed < asked / 2:
                return
            rested += passed

    def _due(self, worked: float) -> float:
        """How long to rest, by what is known now."""
        share = max(LEAST_SHARE, (1.0 - self.busy) ** 2)
        return min(MOST_SECONDS, max(LEAST_SECONDS, worked * (1.0 / share - 1.0)))

    async def _look(self, seconds: float) -> float:
        """Rest and measure; how long it was."""
        own, together, began = self._own(), self._together(), self._clock()
        await self._sleep(seconds)
        passed = self._clock() - began
        if passed > 0:
            busy = max(self._own() - own, (self._together() - together) / self._cores) / passed
            self.busy += SMOOTHING * (min(1.0, busy) - self.busy)
        return passed


class Stints:
    """The work of one thread in pieces so short that a message, which comes meanwhile, hardly waits: without that it
    waits until the interpreter is taken from the thread (5 ms), and on a full processor for the system's turns as well.
    """

    def __init__(
        self, clock: Callable[[], float] = time.perf_counter, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        """clock: seconds from any beginning, which is now. sleep: keeps the calling thread waiting for so many."""
        self._clock = clock
        self._sleep = sleep
        self._began = clock()

    def breathe(self) -> None:
        """Between two pieces: rest, if the last rest is a stint ago. It blocks, so it is no call for the event loop."""
        if self._clock() - self._began >= STINT_SECONDS:
            self._sleep(STINT_REST)
            self._began = self._clock()


def _cores() -> int:
    """On how many this process may run."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

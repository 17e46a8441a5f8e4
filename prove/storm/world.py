"""What all parts of a storm share: the record, the counts, the server's address, the draw, and waiting with an end.

It knows nobody who is in it: `prove/storm/crowd.py` does.
"""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Final

from prove.facts import AnyFact, Probed
from prove.record import Recorder
from prove.storm.http_connection import Asking
from prove.storm.tally import Tally

POLL: Final = 0.02
"""Seconds between two looks at what is waited for."""


class Stuck(Exception):  # noqa: N818 - it says what is so
    """Something did not happen for so long that it never will. Says what was waited for."""


class World:
    """One run's. `url` changes when the server starts anew at another port."""

    def __init__(self, recorder: Recorder, seed: int) -> None:
        self.recorder = recorder
        self.write: Callable[[AnyFact], None] = recorder.write
        self.draw = random.Random(f"chinwag storm's moods {seed}")
        self.tally = Tally()
        self.url = ""
        self.asking = Asking(lambda: self.url)
        self.over = False
        """No new send is begun; what is under way is brought to its end."""
        self.recovering = False
        """Somebody is not back yet after a death: no more is sent than shows that it goes on."""
        self.hushed = False
        """Nobody says anything new for a moment, so that what is looked at happens alone."""
        self.sessions = 0
        self.lost_in_flight = 0
        """Sends that were under way on connections which broke, since this was last set to 0."""
        self.first_ack: float | None = 0.0
        """When the first ack came after a death; None until it does."""
        self._tasks: set[asyncio.Task[None]] = set()
        self.failure: BaseException | None = None
        self.alive: Callable[[], bool] | None = None
        """Whether the server runs; None while it may be dead."""

    def now(self) -> int:
        """Milliseconds of the driver's own clock."""
        return int(time.monotonic() * 1000)

    def next_session(self) -> int:
        """The number of a new session."""
        self.sessions += 1
        return self.sessions

    def died(self) -> None:
        """The server is dead: nobody finds it until its address is set again."""
        self.first_ack, self.url, self.recovering = None, "", True

    def recovered(self) -> None:
        """Everybody is back."""
        self.recovering = False

    def acked(self) -> None:
        """A send was acked for the first time."""
        self.tally.acked += 1
        if self.first_ack is None:
            self.first_ack = time.monotonic()

    def probed(self, fact: Probed) -> None:
        """Something was looked for right after an ack."""
        self.tally.probes += 1
        self.write(fact)

    def spawn(self, work: "asyncio.coroutines.Coroutine[object, object, None]") -> None:  # type: ignore[name-defined]
        """Run something beside. If it fails, so does the storm."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def until(self, true: Callable[[], object], what: str, seconds: float) -> None:
        """Wait until `true()`. Raises Stuck after `seconds`, and what a task of the storm has raised."""
        deadline = time.monotonic() + seconds
        while not true():
            self.check()
            if time.monotonic() > deadline:
                raise Stuck(f"waited {seconds:.0f} s in vain for {what}: {self.state()}")
            await asyncio.sleep(POLL)

    def check(self) -> None:
        """Raises what a task of the storm has raised, and Stuck if the server has ended by itself."""
        if self.alive is not None and not self.alive():
            raise Stuck(f"the server has ended by itself: {self.state()}")
        if self.failure is not None:
            raise self.failure

    def state(self) -> str:
        """Where things stand, for people."""
        return f"{self.tally.acked} acked"

    async def close(self) -> None:
        """End all that runs. Nothing more is noted: that devices go now is no part of the run."""
        self.write = _forget
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.asking.close()

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None and self.failure is None:
            self.failure = failure


def _forget(_: AnyFact) -> None:
    """Note nothing."""

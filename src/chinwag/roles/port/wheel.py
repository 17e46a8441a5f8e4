"""One timer for all idle time-outs: a hashed timing wheel that is read lazily.

An entry says when it is due; nothing is rescheduled while it lives. Hearing from a peer writes one float. When
the wheel comes to the slot of an entry whose deadline has moved on meanwhile, it puts the entry into a later slot.
The scheme is scheme 6 of Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (SOSP 1987).
"""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import structlog

_log = structlog.get_logger(__name__)


class Timed(Protocol):
    """What a wheel keeps. `slot` is the wheel's own note of where: begin with -1 and leave it alone."""

    slot: int

    def deadline(self) -> float:
        """When the entry expires, in seconds of the wheel's clock. It may move on at any time."""
        ...


E = TypeVar("E", bound=Timed)


class Wheel(Generic[E]):
    """Calls `expired(entry)` once the deadline of an entry has passed: never before it, and at most one tick after it.

    An entry is taken out before it is reported. A deadline may move to a later time freely; after moving it to an
    earlier one, `add` the entry again. Adding and removing take constant time; a turn looks only at what may be due.
    """

    def __init__(
        self,
        expired: Callable[[E], None],
        *,
        tick_seconds: float = 1.0,
        slots: int = 64,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """A wheel at rest. Best let `slots` ticks cover the longest time-out: an entry is then looked at once in it."""
        if slots < 2 or tick_seconds <= 0:
            raise ValueError("A wheel has at least two slots, and a tick takes time.")
        self._expired = expired
        self._tick_seconds = tick_seconds
        self._slots: list[set[E]] = [set() for _ in range(slots)]
        self._clock = clock
        self._turned = math.floor(clock() / tick_seconds)
        self._timer: asyncio.TimerHandle | None = None
        self.now = clock()
        """The clock as of the last turn: cheap to read, and up to a tick (and the loop's lag) behind."""

    def __len__(self) -> int:
        """How many entries wait."""
        return sum(map(len, self._slots))

    def add(self, entry: E) -> None:
        """Watch `entry`, or look at its deadline anew."""
        self.remove(entry)
        self._place(entry)

    def remove(self, entry: E) -> None:
        """Forget `entry`, if it is here."""
        if entry.slot >= 0:
            self._slots[entry.slot].discard(entry)
            entry.slot = -1

    def turn(self) -> None:
        """Report all that is due by the clock. A callback that fails is logged and stops nobody else's."""
        self.now = now = self._clock()
        reached = math.floor(now / self._tick_seconds)
        first = max(self._turned + 1, reached - len(self._slots) + 1)
        self._turned = max(self._turned, reached)
        for tick in range(first, reached + 1):
            slot = tick % len(self._slots)
            for entry in tuple(self._slots[slot]):
                # An earlier callback of this turn may have removed this entry or put it elsewhere.
                if entry.slot == slot:
                    self.remove(entry)
                    if entry.deadline() > now:
                        self._place(entry)
                    else:
                        self._report(entry)

    def start(self) -> None:
        """Turn once a tick on the running loop, until `stop`."""
        if self._timer is None:
            self._arm()

    def stop(self) -> None:
        """Stop turning. Entries stay."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        # At the next multiple of the tick: armed for "a tick from now", a turn would drift and come late.
        delay = (math.floor(self._clock() / self._tick_seconds) + 1) * self._tick_seconds - self._clock()
        self._timer = asyncio.get_running_loop().call_later(max(delay, 0.0), self._fire)

    def _fire(self) -> None:
        self._arm()
        self.turn()

    def _place(self, entry: E) -> None:
        # The first tick at or after the deadline, or as far off as the wheel reaches. Never the slot being turned.
        reach = len(self._slots) - 1
        ahead = math.ceil(min(entry.deadline() / self._tick_seconds - self._turned, reach))
        entry.slot = (self._turned + max(ahead, 1)) % len(self._slots)
        self._slots[entry.slot].add(entry)

    def _report(self, entry: E) -> None:
        try:
            self._expired(entry)
        except Exception:
            _log.exception("what followed an expired time-out failed")

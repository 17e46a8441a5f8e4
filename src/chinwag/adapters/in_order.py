"""Arrivals of several processes, told so that each account's come in rising order of position.

Two processes that post to one inbox tell of it by different ways, so the later entry may be heard of first. It waits a
little for the one before; if that does not come, it is told all the same, and its reader reads the inbox.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import structlog

from chinwag.domain.ids import AccountId
from chinwag.ports.inbox import Arrival

WAIT_SECONDS: Final = 0.1
"""How long an arrival waits for what should come before it."""
WAITING: Final = 20_000
"""Arrivals that may wait; with one more all are told."""

_log = structlog.get_logger(__name__)


class InOrder:
    """The feed of one process, of what it and others tell. Made on the event loop."""

    def __init__(self, seconds: float = WAIT_SECONDS) -> None:
        self._seconds = seconds
        self._handler: Callable[[Sequence[Arrival]], None] | None = None
        self._held: Counter[AccountId] = Counter()
        self._next: dict[AccountId, int] = {}
        self._waiting: dict[AccountId, list[Arrival]] = {}
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None
        self._epoch = 0

    def feed(self, handler: Callable[[Sequence[Arrival]], None]) -> None:
        """As `Inbox.feed`."""
        self._handler = handler

    def hold(self, account: AccountId) -> bool:
        """As `Inbox.hold`; whether it is the first."""
        self._held[account] += 1
        return self._held[account] == 1

    def release(self, account: AccountId) -> bool:
        """As `Inbox.release`; whether that was the last hold."""
        if self._held[account] > 1:
            self._held[account] -= 1
            return False
        self._next.pop(account, None)
        self._count -= len(self._waiting.pop(account, ()))
        return self._held.pop(account, 0) > 0

    def holds(self, account: AccountId) -> bool:
        """Whether anybody here holds it."""
        return account in self._held

    @property
    def held(self) -> list[AccountId]:
        """All that are held."""
        return list(self._held)

    def take(self, arrivals: Sequence[Arrival]) -> None:
        """These were told by somebody."""
        ready: list[Arrival] = []
        for arrival in arrivals:
            if arrival.epoch != self._epoch:
                if arrival.epoch < self._epoch:
                    continue  # of before a restore, and late
                self._epoch = arrival.epoch
                self._next.clear()
                self._waiting.clear()
                self._count = 0
            if arrival.account in self._held:
                self._take(arrival, ready)
        if self._count > WAITING:
            self._over()
        elif self._count and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._over)
        self._tell(ready)

    def _take(self, arrival: Arrival, ready: list[Arrival]) -> None:
        account = arrival.account
        follows = self._next.get(account)
        if follows is not None and arrival.position > follows:
            self._waiting.setdefault(account, []).append(arrival)
            self._count += 1
            return
        self._give(arrival, ready)
        waiting = self._waiting.get(account)
        if waiting is None:
            return
        waiting.sort(key=lambda one: one.position)
        while waiting and waiting[0].position <= self._next[account]:
            self._count -= 1
            self._give(waiting.pop(0), ready)
        if not waiting:
            del self._waiting[account]

    def _give(self, arrival: Arrival, ready: list[Arrival]) -> None:
        """Let it be told, without what was told before."""
        follows = self._next.get(arrival.account)
        if follows is not None and arrival.position < follows:
            known = follows - arrival.position
            if known >= len(arrival.events):
                return
            arrival = msgspec.structs.replace(arrival, position=follows, events=arrival.events[known:])
        elif follows == arrival.position and not arrival.events:
            return  # it says that nothing is missing
        self._next[arrival.account] = arrival.position + len(arrival.events)
        ready.append(arrival)

    def _over(self) -> None:
        """What waited has waited long enough."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        all_waiting, self._waiting, self._count = self._waiting, {}, 0
        ready: list[Arrival] = []
        for waiting in all_waiting.values():
            for arrival in sorted(waiting, key=lambda one: one.position):
                self._give(arrival, ready)
        self._tell(ready)

    def _tell(self, ready: Sequence[Arrival]) -> None:
        if not ready or self._handler is None:
            return
        try:
            self._handler(ready)
        except Exception:
            _log.exception("arrivals could not be told", arrivals=len(ready))

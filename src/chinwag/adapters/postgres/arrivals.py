"""Tells what this process has made readable, each account's arrivals in the order of their positions.

Transactions run side by side, so an answer may come before that of the one that was first. What does not follow the
last that was told waits until all that were under way at that moment have ended: whatever belongs before it, and is
posted by this process, has been told by then.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog

from chinwag.adapters.postgres.postings import Posted
from chinwag.domain.ids import AccountId
from chinwag.fail_points import passing
from chinwag.ports.inbox import Arrival

_log = structlog.get_logger(__name__)


class _Waiting(NamedTuple):
    arrival: Arrival
    until: int


class Arrivals:
    """The feed of one process.

    on_posted: called, on the event loop, with all that a transaction of this process has posted, held or not.
    """

    def __init__(self) -> None:
        self.on_posted: list[Callable[[Sequence[Posted]], None]] = []
        self._handler: Callable[[Sequence[Arrival]], None] | None = None
        self._held: Counter[AccountId] = Counter()
        self._next: dict[AccountId, int] = {}
        self._waiting: dict[AccountId, list[_Waiting]] = {}
        self._under_way: dict[int, None] = {}
        self._last = 0
        self._epoch = 0

    def feed(self, handler: Callable[[Sequence[Arrival]], None]) -> None:
        """As `Inbox.feed`."""
        self._handler = handler

    def hold(self, account: AccountId) -> None:
        """As `Inbox.hold`."""
        self._held[account] += 1

    def release(self, account: AccountId) -> None:
        """As `Inbox.release`."""
        if self._held[account] > 1:
            self._held[account] -= 1
        else:
            del self._held[account]
            self._next.pop(account, None)
            self._waiting.pop(account, None)

    def begin(self) -> int:
        """A transaction that posts is about to be sent; its number, for `end`."""
        self._last += 1
        self._under_way[self._last] = None
        return self._last

    def end(self, transaction: int, posted: Sequence[Posted] = ()) -> None:
        """It has ended, and these are readable."""
        del self._under_way[transaction]
        for hear in self.on_posted if posted else ():
            try:
                hear(posted)
            except Exception:
                _log.exception("what was posted could not be told", posts=len(posted))
        ready: list[Arrival] = []
        for one in posted:
            if one.epoch != self._epoch:
                self._epoch = one.epoch
                self._next.clear()
                self._waiting.clear()
            for account, position in zip(one.audience, one.positions, strict=True):
                if account in self._held:
                    self._take(Arrival(account, position, one.events, one.epoch), ready)
        self._take_waiting(ready)
        if ready:
            # After the committers, who can hand over the next batch while this one is told.
            asyncio.get_running_loop().call_soon(self._tell, ready)

    def _take(self, arrival: Arrival, ready: list[Arrival]) -> None:
        account = arrival.account
        follows = self._next.get(account)
        if follows is not None and arrival.position < follows:
            return  # too late: what lies beyond it was told
        if arrival.position == follows:
            self._next[account] = arrival.position + len(arrival.events)
            ready.append(arrival)
        else:
            self._waiting.setdefault(account, []).append(_Waiting(arrival, self._last))

    def _take_waiting(self, ready: list[Arrival]) -> None:
        oldest = next(iter(self._under_way), self._last + 1)
        for account, waiting in list(self._waiting.items()):
            waiting.sort(key=lambda one: one.arrival.position)
            while waiting and (
                waiting[0].arrival.position == self._next.get(account) or any(one.until < oldest for one in waiting)
            ):
                arrival = waiting.pop(0).arrival
                if arrival.position >= self._next.get(account, 0):
                    self._next[account] = arrival.position + len(arrival.events)
                    ready.append(arrival)
            if not waiting:
                del self._waiting[account]

    def _tell(self, arrivals: Sequence[Arrival]) -> None:
        handler = self._handler
        if handler is None:
            return
        try:
            passing("fan_out.begun")
            handler(arrivals)
        except Exception:
            _log.exception("arrivals could not be told", arrivals=len(arrivals))

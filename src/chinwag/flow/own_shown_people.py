"""The `ShownPeople` of one process, which counts alone."""

import time
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from chinwag.domain.ids import AccountId
from chinwag.flow.budget import Now
from chinwag.ports.shown_people import DAILY, DAY_SECONDS, Shown

KEPT: Final = 20_000
"""Accounts whose day is kept, at 1.7 KB each; the day that began first goes first."""


class OwnShownPeople:
    """`ShownPeople` in memory: a start begins a new day for all."""

    def __init__(self, now: Now = time.monotonic, daily: int = DAILY, kept: int = KEPT) -> None:
        self._now = now
        self._daily = daily
        self._kept = kept
        self._days: OrderedDict[AccountId, tuple[float, array[int]]] = OrderedDict()

    def __len__(self) -> int:
        """Days held."""
        return len(self._days)

    async def show(self, account: AccountId, people: Sequence[AccountId]) -> Shown:
        if not people:
            return Shown((), 0.0)
        until, seen = self._day(account)
        shown = []
        for one in people:
            known = int(one) in seen
            if not known and len(seen) >= self._daily:
                continue
            if not known:
                seen.append(int(one))
            shown.append(one)
        return Shown(tuple(shown), until - self._now())

    def _day(self, account: AccountId) -> "tuple[float, array[int]]":
        now = self._now()
        day = self._days.get(account)
        if day is None or day[0] <= now:
            self._days.pop(account, None)
            day = self._days[account] = (now + DAY_SECONDS, array("Q"))
            if len(self._days) > self._kept:
                self._days.popitem(last=False)
        return day

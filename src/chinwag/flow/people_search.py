"""Search for people while somebody types: friends first, then whom one has met, then everybody else who wishes it."""

import time
from array import array
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from chinwag.domain.ids import AccountId
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.search_words import query_words
from chinwag.flow.budget import Budget, Now
from chinwag.ports.directory import PAGE_MAX, Account, Directory, Transaction

FOUND_MAX: Final = 20
"""People in one answer."""
RATE: Final = Rate(2.0, 40)
"""Searches of one account: one for each pause in typing."""
DAILY: Final = 200
"""Different people that searches show one account in a day: nobody shall read the whole directory out."""
DAY_SECONDS: Final = 86_400.0
DAYS_KEPT: Final = 20_000
"""Accounts whose day is kept, at 1.7 KB each; the day that began first goes first."""

Met = Callable[[AccountId], Awaitable[Sequence[AccountId]]]
"""Whom somebody has met, the latest first (`Acquaintances.of`)."""


class Shown:
    """Whom searches have shown to each account today. Kept in memory: a start begins a new day for all."""

    def __init__(self, daily: int = DAILY, now: Now = time.monotonic, kept: int = DAYS_KEPT) -> None:
        self._daily = daily
        self._now = now
        self._kept = kept
        self._days: OrderedDict[AccountId, tuple[float, array[int]]] = OrderedDict()

    def __len__(self) -> int:
        """Days held."""
        return len(self._days)

    def show(self, account: AccountId, found: Sequence[Account]) -> list[Account]:
        """Those of `found` that `account` may be shown: whom it has seen today, and new ones while there is room.

        Raises `rate_limited`, with the seconds until the day ends, if that is nobody of several.
        """
        if not found:
            return []
        until, seen = self._day(account)
        shown = []
        for one in found:
            known = int(one.id) in seen
            if not known and len(seen) >= self._daily:
                continue
            if not known:
                seen.append(int(one.id))
            shown.append(one)
        if not shown:
            raise Refused(Code.RATE_LIMITED, f"searches have shown {self._daily} people today", until - self._now())
        return shown

    def _day(self, account: AccountId) -> tuple[float, "array[int]"]:
        now = self._now()
        day = self._days.get(account)
        if day is None or day[0] <= now:
            self._days.pop(account, None)
            day = self._days[account] = (now + DAY_SECONDS, array("Q"))
            if len(self._days) > self._kept:
                self._days.popitem(last=False)
        return day


class PeopleSearch:
    """The search of one process. everybody: whether people who do not know one another find each other by it."""

    def __init__(
        self, directory: Directory, met: Met, *, everybody: bool, rate: Rate = RATE, now: Now = time.monotonic
    ) -> None:
        self._directory = directory
        self._met = met
        self._everybody = everybody
        self._budget = Budget(rate, now)
        self._shown = Shown(now=now)

    async def search(self, account: AccountId, text: str) -> list[Account]:
        """At most `FOUND_MAX` people of whose name, or of a word of whose display name, `text` is the beginning.

        Nobody whom `account` blocks, or who blocks it; not itself. Raises `bad_request`, `rate_limited`, `unavailable`.
        """
        words = query_words(text)
        self._budget.take(account, "so many searches")
        met = await self._met(account)
        found: dict[AccountId, Account] = {}
        async with self._directory.reading() as directory:
            friends = sorted(await directory.friends.friends_of(account))
            for known in (friends, met):
                for first in range(0, len(known), PAGE_MAX):
                    if len(found) < FOUND_MAX:
                        await self._add(directory, account, words, known[first : first + PAGE_MAX], found)
            if self._everybody and len(found) < FOUND_MAX:
                await self._add(directory, account, words, None, found)
        return self._shown.show(account, list(found.values())[:FOUND_MAX])

    @staticmethod
    async def _add(
        directory: Transaction,
        account: AccountId,
        words: Sequence[str],
        among: Sequence[AccountId] | None,
        found: dict[AccountId, Account],
    ) -> None:
        some = await directory.accounts.search(words, among, PAGE_MAX)
        ids = [one.id for one in some]
        hidden = await directory.blocks.by(account, ids) | await directory.blocks.against(account, ids) | {account}
        for one in some:
            if one.id not in hidden:
                found.setdefault(one.id, one)

"""Marks as they were seen and as they were told over HTTP: whatever anybody sees of one mark must rise.

Of what an account has read that keeps this to itself others see less than it does; and it less of others.
"""

from bisect import bisect_right
from collections import defaultdict
from typing import Literal

import msgspec

from prove.facts import MarkNow

Kind = Literal["read", "delivered"]
Key = tuple[str, str, Kind]
"""Conversation, whose mark, which."""
Audience = Literal["all", "own", "kept"]
"""Who sees the same of a mark: everybody; of one that is kept the account itself, and the others."""


class Back(msgspec.Struct, frozen=True):
    """A mark was at `now` after it had been at `before`. viewer: who saw that, "" for whoever asked over HTTP."""

    key: Key
    before: int
    now: int
    viewer: str


class Shown(msgspec.Struct, frozen=True):
    """Over HTTP somebody was told that `account` has read up to `number`, of whom it is not told what it reads."""

    conversation: str
    account: str
    number: int
    viewer: str


class Marks:
    """All marks of a run.

    Two kinds of evidence. One device sees one mark in the order of its positions. And who asks over HTTP gets at least
    what anybody had seen, or had been told, before it asked.
    """

    def __init__(self) -> None:
        self.back: list[Back] = []
        self.leaked: list[Shown] = []
        """What was read, told as an event to who must not know."""
        self.shown: set[Shown] = set()
        """What may show nothing but what the account wrote, and where it came in."""
        self._keeping: set[str] = set()
        self._seen: dict[tuple[str, str, str, Kind], int] = {}
        self._unstamped: list[tuple[Key, Audience, int]] = []
        self._known: dict[tuple[Key, Audience], tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))

    def keeps(self, account: str) -> None:
        """The account keeps what it reads to itself."""
        self._keeping.add(account)

    def _audience(self, reader: str, account: str) -> Audience:
        if reader not in self._keeping and account not in self._keeping:
            return "all"
        return "own" if reader == account else "kept"

    def seen(self, viewer: str, reader: str, conversation: str, account: str, kind: Kind, number: int) -> None:
        """A mark came at the next position of the viewer, which is of account `reader`."""
        audience = self._audience(reader, account)
        if audience == "kept" and kind == "read":
            self.leaked.append(Shown(conversation, account, number, viewer))
        before = self._seen.get((viewer, conversation, account, kind), 0)
        if number < before:
            self.back.append(Back((conversation, account, kind), before, number, viewer))
        else:
            self._seen[viewer, conversation, account, kind] = number
        self._unstamped.append(((conversation, account, kind), audience, number))

    def told(self, fact: MarkNow) -> None:
        """An answer over HTTP gave both marks."""
        audience = self._audience(fact.reader, fact.account)
        if audience == "kept" and fact.read:
            self.shown.add(Shown(fact.conversation, fact.account, fact.read, fact.reader))
        kinds: tuple[tuple[Kind, int], ...] = (("read", fact.read), ("delivered", fact.delivered))
        for kind, number in kinds:
            key = (fact.conversation, fact.account, kind)
            times, numbers = self._known[key, audience]
            at = bisect_right(times, fact.asked)
            if at and number < numbers[at - 1]:
                self.back.append(Back(key, numbers[at - 1], number, fact.reader))
            self._know(key, audience, number, fact.at)

    def now(self, at: int) -> None:
        """All that was seen so far was seen by `at`."""
        if self._unstamped:
            for key, audience, number in self._unstamped:
                self._know(key, audience, number, at)
            self._unstamped.clear()

    def _know(self, key: Key, audience: Audience, number: int, at: int) -> None:
        times, numbers = self._known[key, audience]
        # Times of answers that overlapped may come out of order: what was known later must not be known earlier.
        if not numbers or number > numbers[-1]:
            times.append(max(at, times[-1]) if times else at)
            numbers.append(number)

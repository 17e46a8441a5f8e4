"""Marks as they were seen and as they were told over HTTP: whatever anybody sees of one mark must rise."""

from bisect import bisect_right
from collections import defaultdict
from typing import Literal

import msgspec

from prove.facts import MarkNow

Kind = Literal["read", "delivered"]
Key = tuple[str, str, Kind]
"""Conversation, whose mark, which."""


class Back(msgspec.Struct, frozen=True):
    """A mark was at `now` after it had been at `before`. viewer: who saw that, "" for whoever asked over HTTP."""

    key: Key
    before: int
    now: int
    viewer: str


class Marks:
    """All marks of a run.

    Two kinds of evidence. One device sees one mark in the order of its positions. And who asks over HTTP gets at least
    what anybody had seen, or had been told, before it asked.
    """

    def __init__(self) -> None:
        self.back: list[Back] = []
        self._seen: dict[tuple[str, str, str, Kind], int] = {}
        self._unstamped: list[tuple[Key, int]] = []
        self._known: dict[Key, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))

    def seen(self, viewer: str, conversation: str, account: str, kind: Kind, number: int) -> None:
        """A mark came at the viewer's next position."""
        before = self._seen.get((viewer, conversation, account, kind), 0)
        if number < before:
            self.back.append(Back((conversation, account, kind), before, number, viewer))
        else:
            self._seen[viewer, conversation, account, kind] = number
        self._unstamped.append(((conversation, account, kind), number))

    def told(self, fact: MarkNow) -> None:
        """An answer over HTTP gave both marks."""
        kinds: tuple[tuple[Kind, int], ...] = (("read", fact.read), ("delivered", fact.delivered))
        for kind, number in kinds:
            key = (fact.conversation, fact.account, kind)
            times, numbers = self._known[key]
            at = bisect_right(times, fact.asked)
            if at and number < numbers[at - 1]:
                self.back.append(Back(key, numbers[at - 1], number, fact.reader))
            self._know(key, number, fact.at)

    def now(self, at: int) -> None:
        """All that was seen so far was seen by `at`."""
        if self._unstamped:
            for key, number in self._unstamped:
                self._know(key, number, at)
            self._unstamped.clear()

    def _know(self, key: Key, number: int, at: int) -> None:
        times, numbers = self._known[key]
        # Times of answers that overlapped may come out of order: what was known later must not be known earlier.
        if not numbers or number > numbers[-1]:
            times.append(max(at, times[-1]) if times else at)
            numbers.append(number)

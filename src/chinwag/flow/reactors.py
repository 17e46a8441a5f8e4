"""All that is on one message, on which a hundred thousand may have put something: gone through piece by piece.

Of nearly all messages one piece is all. What is behind it is read for one asker at a time, which rests after each piece
for as long as that took: so however many ask for however much, everybody else goes on.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from heapq import nsmallest
from typing import Final

from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.reactions import LISTED, SHOWN, Given, Reacted, ReactionCount, given
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.message_store import MessageStore

PIECE: Final = 1_000
"""Rows that are read at a time."""
WAITING: Final = 20
"""Askers that wait for their turn with messages of more rows than that."""

Rows = Sequence[tuple[AccountId, Reacted]]
Told = Callable[[int], bool]
"""Which events a reader may know of."""


class Reactors:
    """Reads them, for one process."""

    def __init__(self, store: MessageStore, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._store = store
        self._sleep = sleep
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def all(self, conversation: ConversationId, message: int, take: Callable[[Rows], None]) -> None:
        """Call `take` with all rows of that message, some at a time. Raises `Refused`: `unavailable`, and `overloaded`
        if too many ask for messages with so much on them."""
        rows = await self._store.reactors(conversation, message, None, PIECE)
        take(rows)
        if len(rows) < PIECE:
            return
        if self._waiting >= WAITING:
            raise Refused(Code.OVERLOADED, "many ask who has reacted to messages of many", 1.0)
        self._waiting += 1
        try:
            async with self._turn:
                while len(rows) == PIECE:
                    began = time.perf_counter()
                    rows = await self._store.reactors(conversation, message, rows[-1][0], PIECE)
                    take(rows)
                    await self._sleep(time.perf_counter() - began)
        finally:
            self._waiting -= 1


class Listed:
    """The first `most` of all that is on a message, behind a place: an event's number, and a turn."""

    def __init__(self, told: Told, after: tuple[int, int], most: int) -> None:
        self._told = told
        self._after = after
        self._most = most
        self.found: list[Given] = []
        """They, in the order in which they were put on."""

    def take(self, rows: Rows) -> None:
        """These rows too."""
        behind = (one for one in given(dict(rows), self._told) if (one.number, one.turn) > self._after)
        self.found = nsmallest(self._most, (*self.found, *behind), key=_order)


class Tally:
    """How many have put what on a message, as `counted` has it."""

    def __init__(self, told: Told, reader: AccountId) -> None:
        self._told = told
        self._reader = reader
        self._by: dict[str, _Kind] = {}

    def take(self, rows: Rows) -> None:
        """These rows too."""
        fresh: dict[str, list[Given]] = {}
        for one in given(dict(rows), self._told):
            fresh.setdefault(one.reaction, []).append(one)
        for reaction, several in fresh.items():
            self._by.setdefault(reaction, _Kind()).add(several, self._reader)

    def counts(self) -> list[ReactionCount]:
        """Those first that were put on first."""
        rising = sorted(self._by.items(), key=lambda one: _order(one[1].first[0]))[:SHOWN]
        return [
            ReactionCount(reaction, kind.count, tuple(one.account for one in kind.first), kind.mine)
            for reaction, kind in rising
        ]


class _Kind:
    """One reaction: how many have put it on, the first of them, and whether the reader is one of all."""

    __slots__ = ("count", "first", "mine")

    def __init__(self) -> None:
        self.count = 0
        self.first: list[Given] = []
        self.mine = False

    def add(self, several: Sequence[Given], reader: AccountId) -> None:
        self.count += len(several)
        self.first = nsmallest(LISTED, (*self.first, *several), key=_order)
        self.mine = self.mine or any(one.account == reader for one in several)


def _order(one: Given) -> tuple[int, int, AccountId, str]:
    return one.number, one.turn, one.account, one.reaction

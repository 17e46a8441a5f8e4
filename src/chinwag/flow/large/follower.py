"""One session's following of one large group: what its socket has no room for waits here, up to a bound."""

import asyncio
from collections import deque
from typing import Final, Literal, Protocol

from chinwag.domain.ids import AccountId, ConversationId

WAITING: Final = 1_000
"""Events that wait for one follower; one more ends the follow as `slow`."""
WAITING_BYTES: Final = 4 << 20
"""Bytes of them. The same bytes wait for all followers of a group."""
PIECE_BYTES: Final = 256 << 10
"""What goes out before it is seen whether the socket has room for more."""

Ended = Literal["not_member", "slow", "small", "drain"]
"""Why a follow has ended."""


class Taker(Protocol):
    """A session that follows. Its calls never raise."""

    @property
    def account(self) -> AccountId:
        """Who follows."""
        ...

    @property
    def full(self) -> bool:
        """Whether its way out has no room now."""
        ...

    def push(self, payload: bytes) -> None:
        """Take a frame."""
        ...

    def followed(self, conversation: ConversationId, after: int) -> None:
        """What comes next goes on after number `after`."""
        ...

    def unfollowed(self, conversation: ConversationId, number: int, why: Ended) -> None:
        """The follow has ended; up to `number` everything was given."""
        ...


class Follower:
    """Frames come in by `take`, rising by number, and go out in that order. Made on the event loop.

    It begins held back: while the past is being read for it, what is new waits. `let_go` ends that.
    """

    __slots__ = (
        "_bytes",
        "_end",
        "_held_back",
        "_loop",
        "_room",
        "_waiting",
        "begins",
        "conversation",
        "ended",
        "given",
        "reads_from",
        "taken",
        "taker",
    )

    def __init__(self, taker: Taker, conversation: ConversationId) -> None:
        self.taker: Final = taker
        self.conversation: Final = conversation
        self.ended = False
        self.given = 0
        """The number up to which everything was given."""
        self.taken = 0
        """The number up to which everything was given or waits."""
        self.begins = 0
        """Its feed gives it what comes after this number; all before is read for it."""
        self.reads_from = 1
        """The first number that the present membership may read."""
        self._held_back = True
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._bytes = 0
        self._end: tuple[int, Ended] | None = None
        self._room: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()

    def take(self, number: int, payload: bytes) -> None:
        """The frame of event `number`. What is known already is passed over."""
        if number <= self.taken or self.ended or self._end is not None:
            return
        self.taken = number
        if not self._held_back and not self._waiting and not self.taker.full:
            self.give(number, payload)
            return
        self._waiting.append((number, payload))
        self._bytes += len(payload)
        if len(self._waiting) > WAITING or self._bytes > WAITING_BYTES:
            self.end("slow")

    def goes_on(self, after: int) -> None:
        """What comes next goes on after number `after`. Of one that was taken back nothing is said any more."""
        if not self.ended:
            self.given = after
            self.taker.followed(self.conversation, after)

    def give(self, number: int, payload: bytes) -> None:
        """Hand a frame out now, before all that waits."""
        self.given = number
        self.taker.push(payload)

    def signal(self, payload: bytes) -> None:
        """A frame that is of use now or never: not given where anything waits."""
        if not (self.ended or self._held_back or self._waiting or self.taker.full):
            self.taker.push(payload)

    def let_go(self) -> None:
        """The past is given: what waits comes now, and then whatever is new."""
        self._held_back = False
        self.resumed()

    def resumed(self) -> None:
        """The way out has room."""
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        if self._held_back or self.ended:
            return
        size = 0
        while self._waiting and size < PIECE_BYTES and not self.taker.full:
            number, payload = self._waiting.popleft()
            self._bytes -= len(payload)
            size += len(payload)
            if number > self.given:
                self.give(number, payload)
        if not self._waiting:
            if self._end is not None:
                self._over(*self._end)
        elif not self.taker.full:
            self._loop.call_soon(self.resumed)  # what went out is written by then, and may have filled the socket

    async def room(self) -> None:
        """Wait until the way out has room, or all is over."""
        while self.taker.full and not self.ended:
            self._room = self._loop.create_future()
            await self._room

    def end_with(self, number: int, why: Ended) -> None:
        """Event `number` is the last one that is given."""
        if self.ended or self._end is not None:
            return
        self._end = number, why
        if not self._held_back and not self._waiting:
            self._over(number, why)

    def end(self, why: Ended) -> None:
        """Give nothing more, not even what waits."""
        if not self.ended:
            self._over(self.given, why)

    def drop(self) -> None:
        """Whoever follows has gone, or wants no more: nobody is told."""
        self.ended = True
        self._waiting.clear()
        self._bytes = 0
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def _over(self, number: int, why: Ended) -> None:
        self.drop()
        self.taker.unfollowed(self.conversation, number, why)

"""What is being followed of one large group: those who do, and how far it was read for them."""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Final

from chinwag.domain.ids import AccountId, ConversationId
from chinwag.flow.as_read import as_read, content
from chinwag.flow.large.follower import Ended, Follower
from chinwag.flow.large.notices import Turn, turn_of
from chinwag.flow.large.recount import Recount, Recounted
from chinwag.ports.message_store import Changed, MessageStore, Row

Frame = Callable[[ConversationId, bytes], bytes]
"""What is handed out of an event (JSON) of a conversation."""
CountsFrame = Callable[[ConversationId, Recounted], bytes]
"""What is handed out of counts."""

SLICE: Final = 500
"""Followers that get an event before others have their turn."""


class Feed:
    """One group's. Events are given once each, in order, to all who follow then."""

    def __init__(self, conversation: ConversationId, head: int, turn: int) -> None:
        self.conversation: Final = conversation
        self.recount: Final = Recount(turn)
        self._counts: Recounted | None = None
        self.position = head
        """The number up to which followers are given everything: whoever comes has that from the store."""
        self._given = head
        """The number up to which all of them have been, and those who went with it have gone."""
        self.told = head
        """The highest number that is known to be committed."""
        self.reading = False
        self._followers: dict[AccountId, tuple[Follower, ...]] = {}
        self._waiting: dict[asyncio.Future[None], int] = {}

    @property
    def followers(self) -> list[Follower]:
        """All of them."""
        return list(chain.from_iterable(self._followers.values()))

    @property
    def idle(self) -> bool:
        """Whether nobody wants anything of it."""
        return not self._followers and not self._waiting

    def is_at(self, head: int) -> bool:
        """Whether everything up to `head` was given to all, and nothing is known to come after it."""
        return self._given == self.told == head

    def attach(self, follower: Follower, head: int) -> None:
        """`follower` gets what comes after number `head`, or after what was given already: up to there it has all from
        the store, also who came and went, and this feed may not have come to it yet."""
        follower.begins = follower.taken = max(self.position, head)
        self._followers[follower.taker.account] = (*self._of(follower), follower)

    def detach(self, follower: Follower) -> None:
        """It gets no more. Doing it again changes nothing."""
        rest = tuple(other for other in self._of(follower) if other is not follower)
        if rest:
            self._followers[follower.taker.account] = rest
        else:
            self._followers.pop(follower.taker.account, None)

    def heard(self, head: int) -> None:
        """That much is committed."""
        if head > self.told:
            self.told = head
            for waiting, above in list(self._waiting.items()):
                if head > above and not waiting.done():
                    waiting.set_result(None)

    async def beyond(self, number: int, seconds: float) -> bool:
        """Wait until something above `number` is committed; False if nothing is within `seconds`."""
        if self.told > number:
            return True
        waiting = asyncio.get_running_loop().create_future()
        self._waiting[waiting] = number
        try:
            async with asyncio.timeout(seconds):
                await waiting
        except TimeoutError:
            return False
        finally:
            del self._waiting[waiting]
        return True

    async def give(self, store: MessageStore, rows: Sequence[Row], frame: Frame) -> None:
        """Give the events after `position`, whose rows these are, each in its frame. Raises `Refused`: none is given.

        An event is encoded once, unless not all may read the same of it.
        """
        first = self.position + 1
        events = list(map(content, rows))
        turns = {number: turn for number, event in enumerate(events, first) if (turn := turn_of(event)) is not None}
        last = self.position + len(rows)
        differing = {
            number: row for number, row in enumerate(rows, first) if type(row) is Changed and _differs(row, last, turns)
        }
        own = await self._own(store, differing, frame)
        self.position = last  # whoever joins from here on has it from the store
        for number, event in enumerate(events, first):
            payload = frame(self.conversation, event)
            for count, follower in enumerate(self.followers, 1):
                mine = own.get((number, follower.taker.account)) if number in differing else payload
                if mine is not None:  # else it came meanwhile, and has that from the store
                    follower.take(number, mine)
                if count % SLICE == 0:
                    await asyncio.sleep(0)
            if (turn := turns.get(number)) is not None:
                self._turn(turn)
            self._given = number

    def pass_over(self) -> None:
        """Nobody follows: nothing up to what is told is to be given."""
        self.position = self._given = self.told

    def hold(self, counts: Recounted) -> None:
        """These counts are to be told. If others are still waiting, those are not."""
        self._counts = counts

    async def tell(self, frame: CountsFrame) -> None:
        """Tell followers the counts that are held, once all that was placed before they were read has been given:
        whoever went with an event of that is none any more. Each is told of what it may read."""
        counts = self._counts
        if counts is None or self._given < counts.head:
            return
        self._counts = None
        numbers = [number for number, _ in counts.messages]
        frames: dict[int, bytes] = {}
        for count, follower in enumerate(self.followers, 1):
            first = bisect_left(numbers, follower.reads_from)
            payload = frames.get(first)
            if payload is None:
                payload = frames[first] = frame(self.conversation, counts._replace(messages=counts.messages[first:]))
            follower.signal(payload)
            if count % SLICE == 0:
                await asyncio.sleep(0)

    def end(self, why: Ended) -> None:
        """End all follows."""
        for follower in self.followers:
            self.detach(follower)
            follower.end(why)

    def _turn(self, turn: Turn) -> None:
        """Whoever goes with an event has had the last one; so have all when events are copied again."""
        for follower in self.followers:
            if turn.number <= follower.begins:
                continue  # whether it is a member was looked into after that
            if turn.small or follower.taker.account == turn.gone:
                self.detach(follower)
                follower.end_with(turn.number, "small" if turn.small else "not_member")

    async def _own(
        self, store: MessageStore, differing: dict[int, Changed], frame: Frame
    ) -> dict[tuple[int, AccountId], bytes]:
        """The frames of events of which not all may read the same, for each account that follows."""
        found: dict[tuple[int, AccountId], bytes] = {}
        if not differing:
            return found
        seen: set[AccountId] = set()
        while missing := self._followers.keys() - seen:
            for account in missing:
                mine = await as_read(store, account, self.conversation, list(differing.values()))
                found.update(
                    ((number, account), frame(self.conversation, event))
                    for number, event in zip(differing, mine, strict=True)
                )
            seen |= missing
        return found

    def _of(self, follower: Follower) -> tuple[Follower, ...]:
        return self._followers.get(follower.taker.account, ())


def _differs(row: Changed, last: int, turns: dict[int, Turn]) -> bool:
    """Whether somebody who follows now may have been none any more when the message was given its last text."""
    edits = row.target.edits
    if row.target.deleted or not edits:
        return False
    return edits[-1] > last or any(turn.gone is not None for turn in turns.values())

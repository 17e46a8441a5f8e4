"""What is followed of large groups in this process: each event is read once, for all who follow its group here.

Whoever tells that a group has moved may be lost; so the heads of followed groups are looked at each second in any case.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import structlog

from chinwag.domain.conversation import Conversation, Span
from chinwag.domain.ids import AccountId, ConversationId, check_conversation_id
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.as_read import as_read
from chinwag.flow.history import Range, readable
from chinwag.flow.large.feed import CountsFrame, Feed, Frame
from chinwag.flow.large.follower import Follower
from chinwag.flow.large.moved import MovedHere
from chinwag.flow.large.recount import read_recounted
from chinwag.flow.membership_of import unseen
from chinwag.flow.standing import Job
from chinwag.flow.states import States
from chinwag.ports.bus import Counted, Moved
from chinwag.ports.message_store import MessageStore

FAR: Final = 1_000
"""Events that are given to one who begins to follow; with more before it, it begins with a page."""
FAR_BYTES: Final = 4 << 20
"""Bytes of them."""
STEP: Final = 50
"""Events read at a time."""
LOOK_SECONDS: Final = 1.0
"""How often the heads of followed groups are looked at, told or not."""
LOOKED_AT: Final = 200
"""States read together."""
READING: Final = 8
"""Groups read at a time, and as many pasts: a bound on what they hold in memory."""

_log = structlog.get_logger(__name__)


class Figures(msgspec.Struct):
    """What was done since the beginning. read: events, once for all. given: events, once for each follower."""

    read: int = 0
    given: int = 0
    slow: int = 0


class FarError(Exception):
    """More lies between than is given. head: where the group is."""

    def __init__(self, head: int) -> None:
        super().__init__(f"far from {head}")
        self.head = head


class Feeds:
    """All feeds of a process. Made on the event loop; `job` is to be run for as long as the process does."""

    def __init__(
        self,
        store: MessageStore,
        states: States,
        moved: MovedHere,
        frame: Frame,
        counts: CountsFrame,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """frame, counts: what followers are handed of an event, and of counts of reactions."""
        self._store = store
        self._states = states
        self._moved = moved
        self._frame = frame
        self._counts = counts
        self._now = now
        self._feeds: dict[ConversationId, Feed] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._reading = asyncio.Semaphore(READING)
        self._past = asyncio.Semaphore(READING)
        self.figures = Figures()
        self.job: Final = Job(
            name="feeds", step=self._look, poll_seconds=LOOK_SECONDS, failing="heads of followed groups were not read"
        )

    def __len__(self) -> int:
        """Groups that are followed."""
        return len(self._feeds)

    @property
    def followers(self) -> int:
        """Follows that are on."""
        return sum(len(feed.followers) for feed in self._feeds.values())

    def followers_of(self, conversation: ConversationId) -> int:
        """Those of one group."""
        feed = self._feeds.get(conversation)
        return 0 if feed is None else len(feed.followers)

    def drain(self) -> None:
        """End all follows: this process ends."""
        for feed in list(self._feeds.values()):
            feed.end("drain")
            self._leave(feed)

    def stop(self) -> None:
        """Read nothing more."""
        for task in self._tasks:
            task.cancel()

    async def follow(self, follower: Follower, after: int) -> None:
        """Give `follower` what its group holds after number `after`, and what is placed from now on.

        Returns when the past is given. Raises `Refused`: `no_conversation`, `not_member`, `not_large`, `unavailable`;
        and `FarError`. Then nothing more is given.
        """
        conversation, account = follower.conversation, follower.taker.account
        check_conversation_id(conversation)
        feed, head = await self._join(account, conversation)
        feed.attach(follower, head)
        try:
            ranges = readable(await self._still_member(follower), follower.begins)
            if after > follower.begins:
                after = min(after, await self._head(feed))
            await self._catch_up(feed, follower, ranges, after)
        except BaseException:
            follower.drop()
            raise
        finally:
            if follower.ended:
                self.leave(follower)
        follower.let_go()

    def leave(self, follower: Follower) -> None:
        """`follower` wants no more, or has ended. Doing it again changes nothing."""
        follower.drop()
        feed = self._feeds.get(follower.conversation)
        if feed is not None:
            feed.detach(follower)
            self._leave(feed)

    async def beyond(self, account: AccountId, conversation: ConversationId, number: int, seconds: float) -> bool:
        """Wait until a large group holds something above `number`; False if it does not within `seconds`. Raises
        `Refused` as `follow` does."""
        feed, _ = await self._join(account, conversation)
        try:
            return await feed.beyond(number, seconds)
        finally:
            self._leave(feed)

    # Joining

    async def _join(self, account: AccountId, conversation: ConversationId) -> tuple[Feed, int]:
        """The feed of that group, and where the group is."""
        spans = await self._member(account, conversation)  # first: a stranger learns nothing of the group
        state = (await self._states.load([conversation]))[0]
        if state is None:
            raise await unseen(self._store, conversation, spans)
        if not state.large:
            raise Refused(Code.NOT_LARGE)
        feed = self._feeds.get(conversation)
        if feed is None:
            feed = self._feeds[conversation] = Feed(conversation, state.head, state.reacted)
            self._moved.listen(conversation, self._heard, self._counted)
        else:
            self._reached(feed, state.head)
        return feed, state.head

    async def _member(self, account: AccountId, conversation: ConversationId) -> Sequence[Span]:
        spans = await self._store.spans(account, conversation)
        if not spans:
            raise Refused(Code.NO_CONVERSATION)
        if all(span.last is not None for span in spans):
            raise Refused(Code.NOT_MEMBER)
        return spans

    async def _still_member(self, follower: Follower) -> Sequence[Span]:
        """What a follower may read, looked at once more: whoever went before its feed begins for it is not seen going.
        Whoever goes behind that, while this is read, is; so nothing from there on is read for it, wherever the feed is
        by now."""
        spans = await self._member(follower.taker.account, follower.conversation)
        follower.reads_from = max(span.first for span in spans if span.last is None)
        if follower.reads_from > follower.begins:  # it has gone and come back: what lies between is not for it
            raise Refused(Code.UNAVAILABLE, "the membership changes all the time", 1.0)
        return spans

    async def _head(self, feed: Feed) -> int:
        state = (await self._states.load([feed.conversation]))[0]
        head = 0 if state is None else state.head
        self._reached(feed, head)
        return max(head, feed.told)

    def _leave(self, feed: Feed) -> None:
        if feed.idle and self._feeds.get(feed.conversation) is feed:
            del self._feeds[feed.conversation]
            self._moved.unlisten(feed.conversation, self._heard)

    # The past

    async def _catch_up(self, feed: Feed, follower: Follower, ranges: Sequence[Range], after: int) -> None:
        """Give what is readable above `after`, up to where the feed begins for the follower."""
        rest = [(max(first, after + 1), last) for first, last in ranges if last > after]
        if sum(last - first + 1 for first, last in rest) > FAR:
            raise FarError(max(feed.told, feed.position))
        size, told = 0, after
        follower.given = after
        if not rest or rest[0][0] == after + 1:
            follower.goes_on(after)
        follower.taken = max(follower.taken, after)
        for first, last in rest:
            if first != told + 1:
                follower.goes_on(first - 1)
            told = last
            for begin in range(first, last + 1, STEP):
                await follower.room()
                async with self._past:
                    if follower.ended:
                        return
                    size += await self._give(follower, begin, min(last, begin + STEP - 1))
                if size > FAR_BYTES and follower.given < last:
                    raise FarError(max(feed.told, feed.position))

    async def _give(self, follower: Follower, first: int, last: int) -> int:
        conversation = follower.conversation
        rows = await self._store.events(conversation, first, last)
        if len(rows) != last - first + 1:
            raise LookupError(f"{conversation} lacks events between {first} and {last}")
        size = 0
        for number, event in enumerate(await as_read(self._store, follower.taker.account, conversation, rows), first):
            if follower.ended:
                break
            size += len(event)
            follower.give(number, self._frame(conversation, event))
        return size

    # What is new

    def _heard(self, moved: Moved) -> None:
        feed = self._feeds.get(moved.conversation)
        if feed is not None:
            self._reached(feed, moved.head)

    def _counted(self, counted: Counted) -> None:
        feed = self._feeds.get(counted.conversation)
        if feed is not None:
            feed.recount.heard(counted)

    def _reached(self, feed: Feed, head: int) -> None:
        feed.heard(head)
        if feed.told > feed.position and not feed.reading:
            feed.reading = True
            task = asyncio.get_running_loop().create_task(self._read(feed), name=f"feed {feed.conversation}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _read(self, feed: Feed) -> None:
        """Give what is new to all who follow, up to what is known to be committed."""
        try:
            while feed.position < feed.told and not feed.idle:
                if not feed.followers:
                    feed.pass_over()  # whoever waits only wants to know
                    break
                async with self._reading:
                    last = min(feed.told, feed.position + STEP)
                    rows = await self._store.events(feed.conversation, feed.position + 1, last)
                    if len(rows) < last - feed.position:
                        break  # looked at again within the second
                    self.figures.read += len(rows)
                    self.figures.given += len(rows) * len(feed.followers)
                    await feed.give(self._store, rows, self._frame)
                await feed.tell(self._counts)
        except Refused as refused:
            _log.warning("a followed group was not read", code=refused.code, detail=refused.detail)
        except Exception:
            _log.exception("a followed group was not read", conversation=feed.conversation)
        finally:
            feed.reading = False
            self._leave(feed)

    async def _look(self) -> bool:
        """Look at the heads of all that is followed, and at what is counted of it."""
        feeds = list(self._feeds.values())
        for first in range(0, len(feeds), LOOKED_AT):
            some = feeds[first : first + LOOKED_AT]
            before = [feed.position for feed in some]
            states = await self._states.load([feed.conversation for feed in some])
            for feed, position, state in zip(some, before, states, strict=True):
                self._looked(feed, position, state)
            await self._recount(some)
        return False

    async def _recount(self, feeds: Sequence[Feed]) -> None:
        """Tell followers what reactions have come to that were changed since the last time."""
        due = [(feed, one) for feed in feeds if feed.followers and (one := feed.recount.take()) is not None]
        if not due:
            return
        found = await read_recounted(self._store, self._states, [(feed.conversation, one) for feed, one in due])
        for (feed, one), counts in zip(due, found, strict=True):
            if counts is None:
                continue
            recounted, state = counts
            feed.recount.gave(one)
            feed.hold(recounted)
            self._reached(feed, state.head)
            await feed.tell(self._counts)

    def _looked(self, feed: Feed, before: int, state: Conversation | None) -> None:
        if state is None or state.head < before:
            # The stores were put back to an earlier state: whoever follows must begin again.
            feed.end("drain")
            self._leave(feed)
        elif not state.large and before == state.head and feed.is_at(before):
            # The notice of that was given; who is here began to follow behind it, and would not be told.
            feed.end("small")
            self._leave(feed)
        else:
            feed.recount.looked(state)
            self._reached(feed, state.head)

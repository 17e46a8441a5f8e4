"""Sends and changes that are not answered yet, in order, and what to write next. It does no network I/O.

A send is named by its conversation and its id. A frame whose id is in flight in another conversation waits, so that
an answer which names an id alone, as servers before `error` told the conversation give it, means one send.

Each conversation is a lane. In a lane several sends may be in flight, each naming in `after` the one before it, so
that the server places them in this order or not at all (P4 of docs/guarantees.md). A change (of members, title, …)
goes alone: after everything before it is answered, and nothing follows until it is. When a send is refused as out of
turn again and again, the one before it is written anew; if that brings no answer either, it is given up, and the rest
is chained anew without it.
"""

import asyncio
from collections.abc import Iterator
from typing import Final

import msgspec

from chinwag.client.backoff import Backoff
from chinwag.client.errors import ApiError, OutboxFull
from chinwag.client.store import DeviceStore
from chinwag.wire.conversations import Placed
from chinwag.wire.frames import Change, Delete, Edit, React, Send
from chinwag.wire.values import ClientId, ConversationId

Frame = Send | Edit | Delete | React | Change
"""What waits for an answer. All but changes may name, as `after`, the one before them."""

CAPACITY: Final = 1_000
"""Sends that may wait."""
IN_FLIGHT: Final = 64
"""Sends written and not answered; fewer than the server lets a device send at once."""
MISTAKES: Final = 10
"""After so many answers `internal` to one send in a row it is given up, so that it blocks no lane for ever."""

OUT_OF_TURN: Final = 3
"""After so many answers `out_of_turn` in a row to what follows it, a send that has no answer is written again."""
REWRITES: Final = 5
"""A send that was written again so often for that, and has no answer yet, is given up."""

decode: Final = msgspec.json.Decoder(Frame).decode
_encode: Final = msgspec.json.encode


class LeftOver(msgspec.Struct, frozen=True):
    """A send or change of a device before this one, without an answer."""

    conversation: ConversationId
    frame: Frame


class Pending:
    """One send or change on its way."""

    __slots__ = (
        "after",
        "backoff",
        "conversation",
        "frame",
        "in_flight",
        "mistakes",
        "out_of_turn",
        "placed",
        "rewrites",
        "sequence",
    )

    def __init__(self, sequence: int, conversation: ConversationId, frame: Frame) -> None:
        self.sequence = sequence
        self.conversation = conversation
        self.frame = frame
        self.in_flight = False
        self.after: ClientId | None = None  # what it named as before it, when it was written last
        self.mistakes = 0
        self.out_of_turn = 0  # answers in a row, to this one
        self.rewrites = 0  # how often it was written again for those that follow it
        self.backoff = Backoff()
        self.placed: asyncio.Future[Placed] = asyncio.get_running_loop().create_future()

    @property
    def id(self) -> ClientId:
        """The client's name for it."""
        return self.frame.id

    async def answer(self) -> Placed:
        """Wait for its place. Cancelling the wait leaves it in the outbox.

        Raises `ApiError` when it is refused for good, `ClientClosed` when the client is closed before.
        """
        return await asyncio.shield(self.placed)


Name = tuple[ConversationId, ClientId]


class _Lane:
    __slots__ = ("not_before", "waiting")

    def __init__(self) -> None:
        self.waiting: dict[ClientId, Pending] = {}
        self.not_before = 0.0


class Outbox:
    """All lanes of a device. Times are seconds of the event loop's clock."""

    def __init__(self, store: DeviceStore) -> None:
        self._store = store
        self._lanes: dict[ConversationId, _Lane] = {}
        self._by_name: dict[Name, Pending] = {}
        self._flying: dict[ClientId, Pending] = {}
        self.empty = asyncio.Event()
        self.empty.set()
        self.room = asyncio.Event()
        self.room.set()
        for row in store.waiting():
            self._insert(Pending(row.sequence, row.conversation, decode(row.frame)))

    def __len__(self) -> int:
        return len(self._by_name)

    def pending(self) -> Iterator[Pending]:
        """Everything that waits, lane by lane, each in order."""
        for lane in self._lanes.values():
            yield from lane.waiting.values()

    def add(self, conversation: ConversationId, frame: Frame) -> Pending:
        """Take a send or change; kept (on disk, if the store is) when this returns.

        Raises `OutboxFull`; ValueError if one with that id waits already in that conversation.
        """
        if len(self._by_name) >= CAPACITY:
            raise OutboxFull(f"{CAPACITY} sends wait already")
        pending = Pending(self._store.add(conversation, frame.id, _encode(frame)), conversation, frame)
        self._insert(pending)
        return pending

    def due(self, now: float) -> Iterator[Frame]:
        """The frames to write now, in order; each counts as in flight once it was taken from here."""
        for lane in list(self._lanes.values()):
            if lane.not_before <= now:
                yield from self._due(lane)

    def next_due(self, now: float) -> float | None:
        """When a lane that rests may go on; None if none rests."""
        return min((lane.not_before for lane in self._lanes.values() if lane.not_before > now), default=None)

    def disconnected(self) -> None:
        """Nothing is in flight any more: everything unanswered goes again, with the same ids."""
        self._flying.clear()
        for lane in self._lanes.values():
            lane.not_before = 0.0
            for pending in lane.waiting.values():
                pending.in_flight = False
                pending.out_of_turn = 0

    def answered(self, placed: Placed, client_id: ClientId) -> None:
        """The server placed it. A second answer to the same send changes nothing."""
        pending = self._by_name.get((placed.conversation, client_id))
        if pending is not None:
            self._finish(pending)
            if not pending.placed.done():
                pending.placed.set_result(placed)

    def refused(self, conversation: ConversationId | None, client_id: ClientId, error: ApiError, now: float) -> None:
        """The server refused what `client_id` names in `conversation`: for good, or it goes again, after a rest where
        that helps. conversation: None from a server that does not name it.

        What followed it names it in `after` and so is refused as out of turn; that goes again after the one that
        is before it then.
        """
        pending = self._flying.get(client_id)
        if pending is None or (conversation is not None and conversation != pending.conversation):
            return
        self._land(pending)
        pending.rewrites = 0
        turn = error.code == "out_of_turn" and pending.after is not None
        pending.out_of_turn = pending.out_of_turn + 1 if turn else 0
        if self._is_final(pending, error):
            self._finish(pending)
            _fail(pending, error)
        elif not turn:
            self._rest(pending, error, now)
        elif pending.out_of_turn >= OUT_OF_TURN:
            pending.out_of_turn = 0
            self._rest(pending, error, now)
            self._again(pending)

    def close(self, why: Exception) -> None:
        """Tell all who wait that no answer will come now."""
        for pending in self.pending():
            _fail(pending, why)

    def _insert(self, pending: Pending) -> None:
        lane = self._lanes.setdefault(pending.conversation, _Lane())
        lane.waiting[pending.id] = pending
        self._by_name[pending.conversation, pending.id] = pending
        self.empty.clear()
        if len(self._by_name) >= CAPACITY:
            self.room.clear()

    def _due(self, lane: _Lane) -> Iterator[Frame]:
        before: Pending | None = None
        for pending in list(lane.waiting.values()):
            alone = isinstance(pending.frame, Change) or (before is not None and isinstance(before.frame, Change))
            if alone and before is not None:
                return
            if not pending.in_flight:
                if len(self._flying) >= IN_FLIGHT or pending.id in self._flying:
                    return
                pending.in_flight = True
                self._flying[pending.id] = pending
                pending.after = before.id if before is not None else None
                yield _following(pending)
            before = pending

    def _is_final(self, pending: Pending, error: ApiError) -> bool:
        pending.mistakes = pending.mistakes + 1 if error.code == "internal" else 0
        return not error.retryable or pending.mistakes >= MISTAKES

    def _rest(self, pending: Pending, error: ApiError, now: float) -> None:
        self._lanes[pending.conversation].not_before = now + pending.backoff.next(error.retry_after or 0.0)

    def _again(self, follower: Pending) -> None:
        """Have what `follower` named before it written again, or give it up: the server seems not to know of it."""
        before = self._by_name.get((follower.conversation, follower.after or ClientId("")))
        if before is None or not before.in_flight:
            return  # it has its answer, or goes again by itself
        before.rewrites += 1
        if before.rewrites <= REWRITES:
            self._land(before)
            return
        self._finish(before)
        _fail(before, ApiError("out_of_turn", "The server gave no answer to it, and took nothing after it: given up."))

    def _land(self, pending: Pending) -> None:
        if pending.in_flight:
            pending.in_flight = False
            del self._flying[pending.id]

    def _finish(self, pending: Pending) -> None:
        self._land(pending)
        self._store.remove(pending.sequence)
        lane = self._lanes[pending.conversation]
        del lane.waiting[pending.id]
        del self._by_name[pending.conversation, pending.id]
        self.room.set()
        if not self._by_name:
            self.empty.set()
        if not lane.waiting:
            del self._lanes[pending.conversation]


def _following(pending: Pending) -> Frame:
    frame = pending.frame
    return msgspec.structs.replace(frame, after=pending.after) if not isinstance(frame, Change) else frame


def _fail(pending: Pending, error: Exception) -> None:
    if not pending.placed.done():
        pending.placed.set_exception(error)
        # Nobody may be waiting: then asyncio need not complain that nobody looked.
        pending.placed.exception()

"""Sends and changes that are not answered yet, in order, and what to write next. It does no network I/O.

Each conversation is a lane. In a lane several sends may be in flight, each naming in `after` the one before it, so
that the server places them in this order or not at all (P4). A change (of members, title, …) goes alone: after
everything before it is answered, and nothing follows until it is.
"""

import asyncio
from collections.abc import Iterator
from typing import Final

import msgspec

from chinwag.client.backoff import Backoff
from chinwag.client.errors import ApiError, OutboxFull
from chinwag.client.store import DeviceStore
from chinwag.wire.conversations import Placed
from chinwag.wire.frames import Change, Send
from chinwag.wire.values import ClientId, ConversationId

CAPACITY: Final = 1_000
"""Sends that may wait."""
IN_FLIGHT: Final = 64
"""Sends written and not answered; fewer than the server lets a device send at once."""
MISTAKES: Final = 10
"""After so many answers `internal` to one send in a row it is given up, so that it blocks no lane for ever."""

_decode: Final = msgspec.json.Decoder(Send | Change).decode
_encode: Final = msgspec.json.encode


class Pending:
    """One send or change on its way."""

    __slots__ = ("after", "backoff", "conversation", "frame", "in_flight", "mistakes", "placed", "sequence")

    def __init__(self, sequence: int, conversation: ConversationId, frame: Send | Change) -> None:
        self.sequence = sequence
        self.conversation = conversation
        self.frame = frame
        self.in_flight = False
        self.after: ClientId | None = None  # what it named as before it, when it was written last
        self.mistakes = 0
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
        self._by_id: dict[ClientId, Pending] = {}
        self._flying = 0
        self.empty = asyncio.Event()
        self.empty.set()
        for row in store.waiting():
            self._insert(Pending(row.sequence, row.conversation, _decode(row.frame)))

    def __len__(self) -> int:
        return len(self._by_id)

    def pending(self) -> Iterator[Pending]:
        """Everything that waits, lane by lane, each in order."""
        for lane in self._lanes.values():
            yield from lane.waiting.values()

    def add(self, conversation: ConversationId, frame: Send | Change) -> Pending:
        """Take a send or change; kept (on disk, if the store is) when this returns.

        Raises `OutboxFull`; ValueError if one with that id waits already (an error answers an id alone).
        """
        if len(self._by_id) >= CAPACITY:
            raise OutboxFull(f"{CAPACITY} sends wait already")
        pending = Pending(self._store.add(conversation, frame.id, _encode(frame)), conversation, frame)
        self._insert(pending)
        return pending

    def due(self, now: float) -> Iterator[Send | Change]:
        """The frames to write now, in order; each counts as in flight once it was taken from here."""
        for lane in list(self._lanes.values()):
            if lane.not_before <= now:
                yield from self._due(lane)

    def next_due(self, now: float) -> float | None:
        """When a lane that rests may go on; None if none rests."""
        return min((lane.not_before for lane in self._lanes.values() if lane.not_before > now), default=None)

    def disconnected(self) -> None:
        """Nothing is in flight any more: everything unanswered goes again, with the same ids."""
        self._flying = 0
        for lane in self._lanes.values():
            lane.not_before = 0.0
            for pending in lane.waiting.values():
                pending.in_flight = False

    def answered(self, placed: Placed, client_id: ClientId) -> None:
        """The server placed it. A second answer to the same send changes nothing."""
        pending = self._by_id.get(client_id)
        if pending is not None and pending.conversation == placed.conversation:
            self._finish(pending)
            if not pending.placed.done():
                pending.placed.set_result(placed)

    def refused(self, client_id: ClientId, error: ApiError, now: float) -> None:
        """The server refused `client_id`: for good, or it goes again, after a rest where that helps.

        What followed it names it in `after` and so is refused as out of turn; that goes again after the one that
        is before it then.
        """
        pending = self._by_id.get(client_id)
        if pending is None or not pending.in_flight:
            return
        self._land(pending)
        if self._is_final(pending, error):
            self._finish(pending)
            _fail(pending, error)
        elif error.code != "out_of_turn" or pending.after is None:
            self._lanes[pending.conversation].not_before = now + pending.backoff.next(error.retry_after or 0.0)

    def close(self, why: Exception) -> None:
        """Tell all who wait that no answer will come now."""
        for pending in self.pending():
            _fail(pending, why)

    def _insert(self, pending: Pending) -> None:
        lane = self._lanes.setdefault(pending.conversation, _Lane())
        lane.waiting[pending.id] = pending
        self._by_id[pending.id] = pending
        self.empty.clear()

    def _due(self, lane: _Lane) -> Iterator[Send | Change]:
        before: Pending | None = None
        for pending in list(lane.waiting.values()):
            alone = isinstance(pending.frame, Change) or (before is not None and isinstance(before.frame, Change))
            if alone and before is not None:
                return
            if not pending.in_flight:
                if self._flying >= IN_FLIGHT:
                    return
                pending.in_flight = True
                self._flying += 1
                pending.after = before.id if before is not None else None
                yield _following(pending)
            before = pending

    def _is_final(self, pending: Pending, error: ApiError) -> bool:
        pending.mistakes = pending.mistakes + 1 if error.code == "internal" else 0
        return not error.retryable or pending.mistakes >= MISTAKES

    def _land(self, pending: Pending) -> None:
        if pending.in_flight:
            pending.in_flight = False
            self._flying -= 1

    def _finish(self, pending: Pending) -> None:
        self._land(pending)
        self._store.remove(pending.sequence)
        lane = self._lanes[pending.conversation]
        del lane.waiting[pending.id]
        del self._by_id[pending.id]
        if not self._by_id:
            self.empty.set()
        if not lane.waiting:
            del self._lanes[pending.conversation]


def _following(pending: Pending) -> Send | Change:
    frame = pending.frame
    return msgspec.structs.replace(frame, after=pending.after) if isinstance(frame, Send) else frame


def _fail(pending: Pending, error: Exception) -> None:
    if not pending.placed.done():
        pending.placed.set_exception(error)
        # Nobody may be waiting: then asyncio need not complain that nobody looked.
        pending.placed.exception()

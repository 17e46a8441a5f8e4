"""What a device sends in one conversation, in order: several under way, each naming the one before it (P4)."""

import msgspec

from chinwag.wire.frames import Send
from chinwag.wire.values import ClientId, ConversationId, Text


class Flight(msgspec.Struct):
    """A send without an answer that ends it. tried: it was written before, maybe on another connection."""

    id: str
    text: str
    tried: bool = False


class Lane:
    """One device's sends in one conversation. Times are the event loop's.

    On a refusal that a retry can help the lane waits until all that it has written is answered, and then writes what
    is left again, in order: so nothing is written twice for one refusal.
    """

    __slots__ = ("again", "conversation", "flights", "rest", "written")

    def __init__(self, conversation: ConversationId) -> None:
        self.conversation = conversation
        self.flights: dict[str, Flight] = {}
        self.written = 0
        """Frames on this connection whose answer has not come."""
        self.again = False
        """What is left must be written again once nothing is under way."""
        self.rest = 0.0
        """Seconds to wait before that."""

    def add(self, flight: Flight) -> Send:
        """A new send, behind all others."""
        before = next(reversed(self.flights), None)
        self.flights[flight.id] = flight
        return self._frame(flight, before)

    def all_again(self) -> list[tuple[Flight, Send]]:
        """All that is left, in order, to be written on a connection on which nothing of it is under way."""
        self.again, self.rest = False, 0.0
        frames: list[tuple[Flight, Send]] = []
        before: str | None = None
        for flight in self.flights.values():
            frames.append((flight, self._frame(flight, before)))
            before = flight.id
        return frames

    def disconnected(self) -> None:
        """Nothing is under way any more."""
        self.written, self.again, self.rest = 0, False, 0.0

    def _frame(self, flight: Flight, before: str | None) -> Send:
        return Send(
            ClientId(flight.id),
            Text(flight.text),
            self.conversation,
            after=ClientId(before) if before is not None else None,
        )

"""What a device sends in one conversation, in order, messages and changes of them: several under way, each naming the
one before it (P4)."""

from typing import Literal

import msgspec
from prove.facts import Attempt, ChangeTried

from chinwag.wire.frames import Delete, Edit, React, Send
from chinwag.wire.values import AccountId, ClientId, ConversationId, DeviceId, Text

Frame = Send | Edit | Delete | React
Done = Literal["edited", "deleted", "reaction"]
"""What is done to a message."""


class Flight(msgspec.Struct):
    """A send without an answer that ends it. change: what it does to message `target`; "" for a message of its own.
    text: of a reaction "+" to put it on or "-" to take it off, and the emoji. mentions: whom its text names. reply_to:
    which message it answers. tried: it was written before, maybe on another connection."""

    id: str
    text: str
    change: Done | Literal[""] = ""
    target: int = 0
    tried: bool = False
    mentions: tuple[AccountId, ...] = ()
    reply_to: int = 0

    def frame(self, conversation: ConversationId, after: str | None = None) -> Frame:
        """What is written for it."""
        name, before = ClientId(self.id), ClientId(after) if after is not None else None
        match self.change:
            case "edited":
                return Edit(name, conversation, self.target, Text(self.text, self.mentions), before)
            case "deleted":
                return Delete(name, conversation, self.target, before)
            case "reaction":
                return React(name, conversation, self.target, self.text[1:], self.text[0] == "+", before)
        return Send(name, Text(self.text, self.mentions), conversation, reply_to=self.reply_to, after=before)

    def first_try(
        self, device: DeviceId, account: AccountId, conversation: ConversationId, after: str, at: int
    ) -> Attempt | ChangeTried:
        """What is noted right before it is written for the first time. after: as in that frame, "" for none."""
        if not self.change:
            return Attempt(device, account, conversation, self.id, self.text, after, at, self.mentions, self.reply_to)
        target = (str(self.target),)
        return ChangeTried(
            device, account, conversation, self.id, self.change, target, at, self.text, after, self.mentions
        )

    def something_else(self, conversation: ConversationId) -> Frame:
        """Something else under its id."""
        change: Literal["", "edited"] = "edited" if self.change else ""
        return Flight(self.id, f"{self.text} or something else", change, self.target).frame(conversation)


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

    def add(self, flight: Flight) -> Frame:
        """A new send, behind all others."""
        before = next(reversed(self.flights), None)
        self.flights[flight.id] = flight
        return flight.frame(self.conversation, before)

    def all_again(self) -> list[tuple[Flight, Frame]]:
        """All that is left, in order, to be written on a connection on which nothing of it is under way."""
        self.again, self.rest = False, 0.0
        frames: list[tuple[Flight, Frame]] = []
        before: str | None = None
        for flight in self.flights.values():
            frames.append((flight, flight.frame(self.conversation, before)))
            before = flight.id
        return frames

    def disconnected(self) -> None:
        """Nothing is under way any more."""
        self.written, self.again, self.rest = 0, False, 0.0

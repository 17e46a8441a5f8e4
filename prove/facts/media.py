"""What was done with media and what was pushed, in conversations of their own: nothing else in a record speaks of them.

Each of these conversations is one task's: it asks for one thing after the other, each again until it is answered. So
what stands before a fact in the record was so when that was asked.
"""

from prove.facts.fact import Fact


class Sent(Fact, frozen=True, gc=False, tag="sent"):
    """A message was acked. text: what it says, "" for media; hash: SHA-256 of its file, "" for a text. asked: when it
    was written first; at: when the ack came."""

    conversation: str
    number: int
    sender: str
    text: str
    hash: str
    asked: int
    at: int


class Deleted(Fact, frozen=True, gc=False, tag="deleted"):
    """The deletion of a message was acked."""

    conversation: str
    number: int
    at: int


class Membership(Fact, frozen=True, gc=False, tag="member"):
    """At `number` the account came in, or went: it may read what lies between, and goes on reading it."""

    conversation: str
    account: str
    joined: bool
    number: int
    at: int


class MediaAsked(Fact, frozen=True, gc=False, tag="media"):
    """`reader` asked for the media of a message, or to forward them. status: of the answer, which stands; hash: of what
    came."""

    reader: str
    conversation: str
    number: int
    status: int
    hash: str
    asked: int


class HasRead(Fact, frozen=True, gc=False, tag="has-read"):
    """It was answered that `account` has read up to `number`; it is shown as read since `at`."""

    account: str
    conversation: str
    number: int
    at: int


class Subscribed(Fact, frozen=True, gc=False, tag="subscribed"):
    """It was answered that the device is pushed to; it is never connected. `Revoked` says until when."""

    account: str
    device: str
    at: int


class Pushed(Fact, frozen=True, gc=False, tag="pushed"):
    """A push came to the device's push service: of this message, with this text, or "" for none."""

    account: str
    device: str
    conversation: str
    number: int
    text: str
    at: int


class PushesWaited(Fact, frozen=True, gc=False, tag="pushes-waited"):
    """Nobody did anything after the ack of this message until it had been pushed to all, or for longer than three
    attempts take: to whom it did not come, it is lost."""

    conversation: str
    number: int
    at: int

"""What was loaded, asked and done on purpose."""

from typing import Literal

from prove.facts.fact import Fact


class ColdLoaded(Fact, frozen=True, gc=False, tag="cold"):
    """The device loaded everything afresh, after it had asked for the cursor, which was this. One `Loaded` for each
    conversation that it found follows, and may be followed by `MarkNow`."""

    device: str
    account: str
    epoch: int
    position: int
    at: int


class Loaded(Fact, frozen=True, gc=False, tag="loaded"):
    """The device loaded a conversation over HTTP: it knows everything readable from number `first` to `last` without
    having seen it as events."""

    device: str
    conversation: str
    first: int
    last: int


class MarkNow(Fact, frozen=True, gc=False, tag="mark"):
    """What an answer over HTTP said of a member's marks. asked: when the request was written; at: when it came back."""

    reader: str
    conversation: str
    account: str
    read: int
    delivered: int
    asked: int
    at: int


class Told(Fact, frozen=True, gc=False, tag="told"):
    """An answer over HTTP said this of a message that is not deleted. asked: when the request was written.

    where: a page of messages; all events, as they are now (changes); a conversation's preview (last); a hit of a
    search. Other fields as in `SeenMessage`.
    """

    where: Literal["page", "changes", "last", "search"]
    reader: str
    conversation: str
    number: int
    sender: str
    text: str
    changed: int
    asked: int


class ReactionsNow(Fact, frozen=True, gc=False, tag="reactions"):
    """A page said, of these messages, that all this is on them as of event `head`: of each the message, the reaction,
    how many have it on, whether `reader` is one of them, and the first ten."""

    reader: str
    conversation: str
    head: int
    messages: tuple[int, ...]
    on: tuple[tuple[int, str, int, bool, tuple[str, ...]], ...]


class ReactionsListed(Fact, frozen=True, gc=False, tag="listed"):
    """While nobody did anything, `reader` asked for all that is on a message: as counts, each with whether it is one of
    those, and as a list of who has put on what. In a large group no event says that."""

    reader: str
    conversation: str
    number: int
    counted: tuple[tuple[str, int, bool], ...]
    listed: tuple[tuple[str, str], ...]


class MentionsNow(Fact, frozen=True, gc=False, tag="mentions"):
    """`reader`, a member, was told that these messages above its read mark speak to it, as of event `head`."""

    reader: str
    conversation: str
    head: int
    read: int
    messages: tuple[int, ...]


class Probed(Fact, frozen=True, gc=False, tag="probe"):
    """Right after an ack: is it there? found: the number at which it was, 0 for not at all.

    history: asked by number, and the row is this device's and id's; a change of a message is asked for among all
    changes. inbox: of `reader`, read to its end. key: the same send again, the answer's number (0 when it was refused).
    """

    where: Literal["history", "inbox", "key"]
    reader: str
    device: str
    conversation: str
    id: str
    number: int
    found: int


class Revoked(Fact, frozen=True, gc=False, tag="revoked"):
    """It was answered that the device is revoked or logged out. `Ended` says when its sessions were closed."""

    account: str
    device: str
    at: int


class TokenTried(Fact, frozen=True, gc=False, tag="token"):
    """The token of the device was used, after it was revoked: in a `hello` or in a request."""

    device: str
    where: Literal["hello", "request"]
    refused: bool
    at: int


class Fault(Fact, frozen=True, gc=False, tag="fault"):
    """Something is done to the server now. name: kill, stop, full disk, …; point: the step at which, if one is named.

    in_flight: sends without an answer at this moment; acked: acks since the fault before.
    """

    name: str
    point: str
    in_flight: int
    acked: int
    at: int


class Up(Fact, frozen=True, gc=False, tag="up"):
    """The server says that it is ready (again), or what was taken from it was given back. Follows every `Fault`."""

    at: int

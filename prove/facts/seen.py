"""Sessions, and what they brought."""

from typing import Final, Literal

from prove.facts.fact import Fact

WITHHELD: Final = "Withheld()"
"""The text of a message that was changed while its reader was no member: what stands for a body that is not given."""

Transport = Literal["socket", "stream", "long_poll", "short_poll"]


class Began(Fact, frozen=True, gc=False, tag="began"):
    """A session is welcome, or a reading by polls begins. epoch, cursor: events after that position follow; without a
    cursor of one's own, what `welcome` says. asked: when it began to connect, before all that was read for it; 0: not
    noted."""

    session: int
    device: str
    account: str
    transport: Transport
    epoch: int
    cursor: int
    at: int
    asked: int = 0


class Ended(Fact, frozen=True, gc=False, tag="ended"):
    """A session is over. code: that of `bye` or of the closing; "cut" when it broke; "own" when the driver ended it."""

    session: int
    code: str
    at: int


class FeedFrom(Fact, frozen=True, gc=False, tag="feed"):
    """What a session is fed of a large group goes on after number `after`: each number from there on, in a
    `SeenMessage` or `SeenNotice` with position 0. What lies below it one has, or it may not be read."""

    session: int
    conversation: str
    after: int


class SeenMessage(Fact, frozen=True, gc=False, tag="m"):
    """An event came: a message. device and id name the send that made it. Written as it comes, even if it came before.

    position: 0 for what came by the feed of a large group, and by no inbox. text: of a body without a text, any string
    that stands for it. changed: the number of the event that changed it last, whose text this is then.
    """

    session: int
    position: int
    conversation: str
    number: int
    ordinal: int
    sender: str
    device: str
    id: str
    text: str
    changed: int = 0


class SeenNotice(Fact, frozen=True, gc=False, tag="n"):
    """An event came: a notice, or another numbered event that is no message (change: its kind).

    subjects: the account that it names, if it names one; of `created` all members; of a change of a message the
    message's number. history: of `created` and `settings` what they say for who joins later ("all", "joined"), of a
    `joined` with which the group becomes large "large", of `left` the account that is the owner from then on; else "".
    text: of `edited` what the message says from here on, "" if that is not told here; of `reaction` and `pinned` "+" or
    "-" for what is on from here on or off, and the emoji.
    """

    session: int
    position: int
    conversation: str
    number: int
    ordinal: int
    sender: str
    device: str
    id: str
    change: str
    subjects: tuple[str, ...]
    history: str
    text: str = ""


class SeenMark(Fact, frozen=True, gc=False, tag="k"):
    """An event came: a mark of `account`. kind: read, delivered."""

    session: int
    position: int
    kind: Literal["read", "delivered"]
    conversation: str
    account: str
    number: int


class SeenAccount(Fact, frozen=True, gc=False, tag="a"):
    """An event came: a change about an account. subject: what the change is about, version: which it is of those."""

    session: int
    position: int
    change: str
    subject: str
    version: int


class WasReset(Fact, frozen=True, gc=False, tag="reset"):
    """The session was told to load afresh and goes on after `position`. Then `ColdLoaded` follows, when it is done."""

    session: int
    cause: Literal["old", "epoch"]
    epoch: int
    position: int

"""Events as a client gets them: typed where this version knows them, kept as they came where it does not."""

from typing import Final, Literal

import msgspec

from chinwag.wire.codec import Cursor
from chinwag.wire.frames import Counts
from chinwag.wire.large import GroupHead
from chinwag.wire.values import AccountId, ConversationId, Event, NumberedEvent, Signal


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a kind, or with a body, that this version does not know: shown as "not supported".

    What every numbered event has is read all the same, so that counts stay right; `number` is 0 for one without.
    """

    kind: str = ""
    conversation: ConversationId = ConversationId("")
    number: int = 0
    ordinal: int = 0
    sender: AccountId = msgspec.field(name="from", default=AccountId(""))
    sent_at: int = 0
    raw: bytes = b""


class LoadAfresh(msgspec.Struct, frozen=True):
    """The device was away for too long: load conversations afresh; events after `cursor` follow.

    old: what is cached stays right. epoch: the server was restored, and what is cached may be wrong: drop it.
    """

    cause: Literal["old", "epoch"]
    cursor: Cursor


class Online(msgspec.Struct, frozen=True):
    """The connection is up."""


class Offline(msgspec.Struct, frozen=True):
    """The connection is down, for `code`; the next try is in `retry_in` seconds."""

    code: str
    retry_in: float


class Fed(msgspec.Struct, frozen=True):
    """The next event of a large group that is followed, without a hole before it."""

    conversation: ConversationId
    event: NumberedEvent | Unknown


class FeedBegan(msgspec.Struct, frozen=True):
    """A large group is followed from after number `after` on. skips: what one does not hold up to there may not be
    read. beyond: the group ends below what one holds of it, which is of another time: drop that."""

    conversation: ConversationId
    after: int
    skips: bool = False
    beyond: bool = False


class FeedFar(msgspec.Struct, frozen=True):
    """More lies between what one holds of a group and its `head` than is fed: load it, and follow from there."""

    conversation: ConversationId
    head: int


class FeedEnded(msgspec.Struct, frozen=True):
    """A group is followed no longer; up to `number` everything came. code: `not_member`, `small` (its events come by
    themselves again), or why it was not to be followed at all."""

    conversation: ConversationId
    number: int
    code: str


class Slowed(msgspec.Struct, frozen=True):
    """One has sent to a group sooner than it allows: what waits is sent by itself in `retry_in` seconds."""

    conversation: ConversationId
    retry_in: float


FeedNews = Fed | FeedBegan | FeedFar | FeedEnded
"""What comes of a large group that is followed."""
Large = GroupHead | FeedNews | Counts
"""What comes of large groups that are watched (`GroupHead`: one has moved) or followed; `Counts` tells of reactions,
which are no events there."""
Received = Event | Unknown | LoadAfresh | Large
"""What `Client.events` gives. What is `Large` comes only to who watches or follows."""
Update = Received | Signal | Online | Offline | Slowed
"""What `Client.updates` gives."""

_known: Final[msgspec.json.Decoder[Event]] = msgspec.json.Decoder(Event)
_numbered: Final[msgspec.json.Decoder[NumberedEvent]] = msgspec.json.Decoder(NumberedEvent)
_unknown: Final = msgspec.json.Decoder(Unknown)


def decode_event(raw: bytes | msgspec.Raw) -> Event | Unknown:
    """One event out of its frame."""
    try:
        return _known.decode(raw)
    except msgspec.DecodeError:
        return _keep(raw)


def decode_numbered(raw: bytes | msgspec.Raw) -> NumberedEvent | Unknown:
    """One event of a page of history."""
    try:
        return _numbered.decode(raw)
    except msgspec.DecodeError:
        return _keep(raw)


def _keep(raw: bytes | msgspec.Raw) -> Unknown:
    try:
        known = _unknown.decode(raw)
    except msgspec.DecodeError:
        known = Unknown()
    return msgspec.structs.replace(known, raw=bytes(raw))

"""What processes that post to inboxes and gateways say to each other, so that gateways hear what they hold."""

from typing import Final

import msgspec

from chinwag.domain.ids import AccountId


class Who(msgspec.Struct, frozen=True, tag="who"):
    """A gateway asks everybody who announces to say so."""


class Here(msgspec.Struct, frozen=True, tag="here"):
    """`sender` announces what it posts. Said each second, and when it is asked."""

    sender: str


class Statement(msgspec.Struct, frozen=True):
    """`gateway` holds these inboxes from now on, and those no longer. fresh: and none but these."""

    gateway: str
    held: list[AccountId]
    released: list[AccountId]
    fresh: bool = False


class Stated(msgspec.Struct, frozen=True):
    """The answer: so many are held now, and `number` is the last message that the gateway was sent."""

    count: int
    number: int


class Told(msgspec.Struct, frozen=True, array_like=True):
    """Events (JSON) that have become readable: in the inbox of each of `accounts` from its one of `positions` on.

    count: how many. events: empty where they are to be read from the inbox. at: when they were posted, in milliseconds
    since 1970; 0: just now.
    """

    accounts: list[AccountId]
    positions: list[int]
    count: int
    events: list[bytes]
    at: int = 0


class Feed(msgspec.Struct, frozen=True):
    """One message of a sender to one gateway. number: one more than the last, but for a heartbeat, which tells nothing
    and repeats it. epoch: of the inboxes."""

    sender: str
    number: int
    epoch: int = 0
    told: list[Told] = []


HERE: Final = "feeds.here"
WHO: Final = "feeds.who"
encode: Final = msgspec.msgpack.Encoder().encode
decode_here: Final = msgspec.msgpack.Decoder(Here).decode
decode_statement: Final = msgspec.msgpack.Decoder(Statement).decode
decode_stated: Final = msgspec.msgpack.Decoder(Stated).decode
decode_feed: Final = msgspec.msgpack.Decoder(Feed).decode

"""Protocol version 1 on a socket: JSON text frames, tagged unions on `type`.

These structs are the source of the published schema. Unknown fields are ignored; a client keeps what it does
not know of event and body kinds and shows it as not supported.
"""

from typing import Literal

import msgspec

from chinwag.domain.body import SentBody
from chinwag.domain.command import GroupAction
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.domain.signals import Signal

PROTOCOL_VERSION = 1

FOLLOW = "follow"
"""The feature of a client that watches and follows large groups."""


class Hello(msgspec.Struct, frozen=True, gc=False, tag="hello"):
    """The first frame. cursor: `epoch.position`; without one the session starts at the inbox's head."""

    token: str = ""
    ticket: str = ""
    cursor: str | None = None
    client: str = ""
    features: tuple[str, ...] = ()


class Send(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="send"):
    """Place a message in `conversation`, or in the direct one with the account `to`.

    id: unique per device and conversation; the same id again gives the same number. after: the id of this
    device's previous unacked send in the conversation. reply_to: the number of an earlier event, 0 for none.
    """

    id: ClientId
    body: SentBody
    conversation: ConversationId | None = None
    to: AccountId | None = None
    reply_to: int = 0
    after: ClientId | None = None


class Edit(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="edit"):
    """Give one's own message `number` another body of the same type. id and after: as in `send`, of which they are one
    chain."""

    id: ClientId
    conversation: ConversationId
    number: int
    body: SentBody
    after: ClientId | None = None


class Delete(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="delete"):
    """Delete message `number`: one's own, or, as owner or admin of the group, one of somebody below or gone. id and
    after: as in `send`."""

    id: ClientId
    conversation: ConversationId
    number: int
    after: ClientId | None = None


class React(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="react"):
    """Put a reaction, one emoji, on message `number`, or take one's own back (`on` is false). id and after: as in
    `send`."""

    id: ClientId
    conversation: ConversationId
    number: int
    reaction: str
    on: bool = True
    after: ClientId | None = None


class Change(msgspec.Struct, frozen=True, gc=False, tag="change"):
    """Change a group: its members, their roles, its title, its settings, its pins. Of a direct conversation the
    pins."""

    id: ClientId
    conversation: ConversationId
    change: GroupAction


class Received(msgspec.Struct, frozen=True, gc=False, tag="received"):
    """Everything up to `position` is safe on this device."""

    position: int


class Read(msgspec.Struct, frozen=True, gc=False, tag="read"):
    """The account has read the conversation up to `number`. Repeat it until the `read` event comes back."""

    conversation: ConversationId
    number: int


class Typing(msgspec.Struct, frozen=True, gc=False, tag="typing"):
    """The account is writing in the conversation, right now."""

    conversation: ConversationId


class Watch(msgspec.Struct, frozen=True, gc=False, tag="watch"):
    """These are the large groups of which this session wants a `nudge` when they move, in place of those that it named
    before: 500 at most. What the account is no member of is passed over."""

    conversations: tuple[ConversationId, ...]


class Follow(msgspec.Struct, frozen=True, gc=False, tag="follow"):
    """Have the events of a large group from after number `after` on, as they are placed: 20 groups at once.

    The answer is `followed`, `far` or an `error`. Following again what is followed begins anew.
    """

    conversation: ConversationId
    after: int


class Unfollow(msgspec.Struct, frozen=True, gc=False, tag="unfollow"):
    """Have them no longer."""

    conversation: ConversationId


class Ping(msgspec.Struct, frozen=True, gc=False, tag="ping"):
    """Here I am."""


ClientFrame = (
    Hello | Send | Edit | Delete | React | Change | Received | Read | Typing | Watch | Follow | Unfollow | Ping
)


class Limits(msgspec.Struct, frozen=True):
    """What this server takes: characters of a text, members of a group, bytes of a frame."""

    text_characters: int
    group_members: int
    frame_bytes: int


class Welcome(msgspec.Struct, frozen=True, kw_only=True, tag="welcome"):
    """The session is on. Events after `epoch`.`position` follow. now: the server's clock, in milliseconds since 1970: a
    client reckons "last seen" and days by it, as its own may be wrong."""

    session: str
    account: AccountId
    device: DeviceId
    epoch: int
    position: int
    heartbeat: float
    limits: Limits
    version: int = PROTOCOL_VERSION
    now: int = 0


class Ack(msgspec.Struct, frozen=True, gc=False, tag="ack"):
    """What was asked as `id` is stored, in its place in the order, and on its way to everyone."""

    id: ClientId
    conversation: ConversationId
    number: int
    sent_at: int


class Event(msgspec.Struct, frozen=True, gc=False, tag="event"):
    """One event at a position of the inbox. The event is one of the structs of the union `Event`."""

    position: int
    event: msgspec.Raw


class SignalFrame(msgspec.Struct, frozen=True, gc=False, tag="signal"):
    """Something true now only."""

    signal: Signal


class Reset(msgspec.Struct, frozen=True, gc=False, tag="reset"):
    """The cursor leads nowhere: load afresh, then go on after `epoch`.`position`.

    old: it lies below what is kept; what the client has cached stays right. epoch: the server was restored,
    or the cursor is not of this inbox; what is cached may be wrong.
    """

    cause: Literal["old", "epoch"]
    epoch: int
    position: int


class Error(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="error"):
    """A refusal; `id`, and the `conversation` in which it is unique, when it answers a frame that has one.

    retry_after in seconds. frame: the type of the refused frame; position: the one that a refused `received` names.
    """

    code: str
    message: str
    retryable: bool = False
    retry_after: float | None = None
    id: ClientId | None = None
    conversation: ConversationId | None = None
    frame: str | None = None
    position: int | None = None


class Bye(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="bye"):
    """This session closes. reconnect_after in seconds; elsewhere: ask discovery for another gateway."""

    code: str
    reconnect_after: float = 0.0
    elsewhere: bool = False


class Nudge(msgspec.Struct, frozen=True, gc=False, tag="nudge"):
    """A watched large group has moved: its last number, its messages so far, its newest message or notice, and its
    newest message that speaks to all (0: none is known). At most every 5 seconds, and it may be lost."""

    conversation: ConversationId
    head: int
    ordinal: int
    shown: int
    all: int = 0


class Followed(msgspec.Struct, frozen=True, gc=False, tag="followed"):
    """The `feed` of this group goes on after number `after`, with every number from there on.

    It answers `follow`: `after` is the number asked for, unless nothing up to a later one may be read, or the group's
    last number if that is lower than what was asked for. Later on it tells of numbers that may not be read.
    """

    conversation: ConversationId
    after: int


class Feed(msgspec.Struct, frozen=True, gc=False, tag="feed"):
    """The next event of a followed group. The event is one of the structs of the union `NumberedEvent`."""

    conversation: ConversationId
    event: msgspec.Raw


class CountedReaction(msgspec.Struct, frozen=True, gc=False):
    """`count` accounts have `reaction` on a message."""

    reaction: str
    count: int


class CountedMessage(msgspec.Struct, frozen=True, gc=False):
    """All that is on message `number` now, in the order in which each reaction was put on first; at most 100."""

    number: int
    reactions: tuple[CountedReaction, ...]


class Counts(msgspec.Struct, frozen=True, gc=False, tag="counts"):
    """What is on messages of a followed group, where reactions were put on or taken back of late: once a second, and it
    may be lost.

    It tells of the changes without a number above `before`, up to `turn`. With a `before` above the turn that the
    client holds, it has missed some: it asks again for what is on the screen.
    """

    conversation: ConversationId
    before: int
    turn: int
    messages: tuple[CountedMessage, ...]


class Unfollowed(msgspec.Struct, frozen=True, gc=False, tag="unfollow"):
    """The feed of this group has ended; up to `number` everything was fed.

    not_member: the account is in it no longer. slow: the session takes in less than is said there. small: the group is
    one again whose events come to the inbox. drain: this server ends; follow again elsewhere.
    """

    conversation: ConversationId
    number: int
    code: Literal["not_member", "slow", "small", "drain"]


class Far(msgspec.Struct, frozen=True, gc=False, tag="far"):
    """More lies between what is held of this group and its `head` than is fed: begin with a page, and follow from
    there. There is no feed of it now."""

    conversation: ConversationId
    head: int


class Pong(msgspec.Struct, frozen=True, gc=False, tag="pong"):
    """And here am I."""


ServerFrame = (
    Welcome
    | Ack
    | Event
    | SignalFrame
    | Reset
    | Error
    | Nudge
    | Followed
    | Feed
    | Counts
    | Unfollowed
    | Far
    | Bye
    | Pong
)

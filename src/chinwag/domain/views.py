"""What a person is shown of a conversation when loading it afresh: values cut to what that person may see."""

from typing import Literal

import msgspec

from chinwag.domain.conversation import GroupSettings, Role
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.reactions import Given, ReactionCount


class MemberView(msgspec.Struct, frozen=True):
    """A present member, and how far it has read and received (numbers; times in milliseconds, 0: never)."""

    account: AccountId
    role: Role
    read: int = 0
    read_at: int = 0
    delivered: int = 0
    delivered_at: int = 0


class GroupMember(msgspec.Struct, frozen=True):
    """A present member of a conversation. joined: the number of the notice with which it came; 0 in a direct one."""

    account: AccountId
    role: Role
    joined: int


class MemberPage(msgspec.Struct, frozen=True):
    """Members in the order in which they came; or those who were looked for, friends first. `next` goes into `after` of
    the following page, also after one that holds fewer than asked for; None at the end."""

    members: list[GroupMember]
    next: str | None = None


class ConversationView(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation as `account` sees it.

    role: its own, None once it is no member any more; title, head and ordinal are then those of its leaving,
    and members is empty. read: the number up to which it has read. shown: the number of the newest message or notice,
    which unread and at go by as well; 0: there is none that it may read. last: that one (JSON; null: none).
    first: the first number it may read.
    history_from: the first number that somebody who joins now may read; null: its own joining, or nobody joins.
    pins: the numbers of its pinned messages from `first` on, the one pinned last at the end.
    avatar: the version of its picture, which is at `/v1/conversations/{id}/avatar`; empty: it has none, or `account` is
    no member any more.
    member_count: how many members there are, also where not all of them are listed.
    wide: they are so many that `members` holds its owner and its admins alone, without their marks; the others are at
    `/v1/conversations/{id}/members`. large: its events come to no inbox but for what concerns `account`: they are asked
    for, or followed.
    events: its newest events, where they were asked for. mentions: the numbers of the messages above `read` that speak
    to it, rising: the newest hundred.
    """

    id: ConversationId
    kind: Literal["direct", "group"]
    role: Role | None
    title: str
    settings: GroupSettings
    members: list[MemberView]
    first: int
    head: int
    ordinal: int
    at: int
    read: int
    unread: int
    shown: int = 0
    pins: list[int] = []
    avatar: str = ""
    history_from: int | None = None
    member_count: int = 0
    wide: bool = False
    large: bool = False
    mentions: list[int] = []
    events: list[msgspec.Raw] = []
    last: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"null"))


class ConversationPage(msgspec.Struct, frozen=True):
    """Conversations. `next` asks for the following page, also after one that holds fewer than asked for; None at the
    end."""

    conversations: list[ConversationView]
    next: str | None = None


class Gap(msgspec.Struct, frozen=True):
    """The numbers `first` to `last` may not be read by whoever reads: it was no member then."""

    first: int
    last: int


class EventPage(msgspec.Struct, frozen=True):
    """Events in rising order of number. head: the highest number that the reader may read.

    gaps: what of the numbers that the page is about is closed to the reader, who was away then: from the one that was
    asked for, or next to it, to the last event found. Numbers that are missing besides are of edits, deletions and
    reactions, which only a page of changes holds. quoted: messages that those of a page of history answer, and that are
    not among them, as they are now; rising. Of many or long ones those answered last: the others are there one by one.
    far: of a page of changes of a large group, so much lies between that it holds none of it: begin with a page of
    history. turn: of a page of history of a large group, how many times a reaction had been put on or taken back there
    without a number: what is on these messages is of then, or later.
    """

    events: list[msgspec.Raw]
    head: int
    gaps: list[Gap] = []
    quoted: list[msgspec.Raw] = []
    far: bool = False
    turn: int = 0


class GroupHead(msgspec.Struct, frozen=True):
    """Where a group is: its last number, its messages so far, its newest message or notice, and its newest message that
    speaks to all (0: there is none that may be read). large: its events are asked for, and not copied to inboxes."""

    conversation: ConversationId
    head: int
    ordinal: int
    shown: int
    all: int = 0
    large: bool = False


class ReactionPage(msgspec.Struct, frozen=True):
    """What is on a message, in the order in which it was put on. `next` goes into `after` of the following page, and
    `next_turn` into `after_turn`; `next` is None at the end."""

    reactions: list[Given]
    next: int | None = None
    next_turn: int = 0


class MessageReactions(msgspec.Struct, frozen=True):
    """What is on the message `number`."""

    number: int
    reactions: list[ReactionCount]


class ReactionCountPage(msgspec.Struct, frozen=True):
    """What is on messages of a large group. turn: as in a page of history."""

    messages: list[MessageReactions]
    turn: int


class Pins(msgspec.Struct, frozen=True):
    """Pinned messages as they are now, the one pinned last at the end: those that the reader may read."""

    messages: list[msgspec.Raw]


class Receipt(msgspec.Struct, frozen=True):
    """`account` had read the message by `read_at`; delivered by `delivered_at` (milliseconds; 0: not known when)."""

    account: AccountId
    read_at: int | None = None
    delivered_at: int | None = None


class TextRange(msgspec.Struct, frozen=True, gc=False):
    """Code points of a text, from the one at `start` to before the one at `end`."""

    start: int
    end: int


class Hit(msgspec.Struct, frozen=True):
    """A message that was looked for, as it is now.

    ranges: what of its text was looked for, rising; of many places the first hundred.
    """

    message: msgspec.Raw
    ranges: list[TextRange]


class SearchPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Hits, the newest first. `next` asks for the following page, also after one that holds fewer than asked for; None
    at the end.

    indexed_up_to: the index is behind, and has all that was sent up to then (milliseconds since 1970), and some of what
    came later; 0 while it is made. Without it all is in it that was said a moment ago.
    """

    hits: list[Hit]
    next: str | None = None
    indexed_up_to: int | None = None

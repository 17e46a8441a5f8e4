"""The state of a conversation: what the log's prefix has made of it. Values only; `decide` makes the next one."""

from enum import StrEnum
from typing import Final, Literal

import msgspec

from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.refusal import Code


class Position(msgspec.Struct, frozen=True, gc=False, array_like=True, order=True):
    """A place in the log: epoch, sequence of the record, part of the record.

    Compared as a whole, so that a log which begins again, with a higher epoch, goes on rising.
    """

    epoch: int
    sequence: int
    part: int


START = Position(0, 0, 0)
"""Below every record."""

LARGE: Final = 100
"""A group of more members is a large one: nobody is told who types there, nor, for its sake, who is online."""

ADMINS_MAX: Final = 200
"""Admins that a wide group may have."""

SLOW_MAX: Final = 3600
"""Seconds that a group may ask between two messages of one member."""

BARRED_MAX: Final = 200
"""Removed accounts that a group remembers; with one more, the one removed longest ago may join again."""


class Role(StrEnum):
    """What a member may do: an owner everything, an admin the members and the title, a member write."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


class GroupSettings(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How a group works.

    history: whoever joins reads from where history was opened ("all": from the beginning, if it always was), or from
    the joining notice ("joined").
    join: anyone may join ("open") or one is added ("closed").
    invite: who may add members.
    mention_all: who may speak to all at once (`*`).
    pin: who may pin messages.
    description: what an open group says of itself to people who look for one.
    large: the group may have as many members as the server lets a large one have. Only its owner changes it.
    slow: seconds between two messages of one member who is no admin, up to 3,600; 0: as the server has it.
    write: who may send messages.
    """

    history: Literal["all", "joined"] = "all"
    join: Literal["open", "closed"] = "closed"
    invite: Literal["admins", "members"] = "admins"
    description: str = ""
    mention_all: Literal["admins", "members"] = "admins"
    pin: Literal["admins", "members"] = "admins"
    large: bool = False
    slow: int = 0
    write: Literal["admins", "members"] = "members"


class Member(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One present member.

    joined, joined_ordinal: the number and ordinal of the joining notice (0 in a direct conversation).
    reads_from: the first number that this membership may read.
    wrote, wrote_ordinal: the member's own last message; its read mark is never below it.
    """

    role: Role
    joined: int = 0
    joined_ordinal: int = 0
    reads_from: int = 1
    wrote: int = 0
    wrote_ordinal: int = 0


class Conversation(msgspec.Struct, frozen=True, omit_defaults=True):
    """A conversation after the record at `applied`.

    head: its last number, 0 before the first. ordinal: messages so far (notices do not count).
    shown: the number of its last message or notice; 0 in states of formats before 4, where every number was one's (see
    `last_shown`). at: `sent_at` of that one, in milliseconds since 1970.
    members: the present members, in order of joining; of a wide group its owner and its admins alone.
    declining: members of a direct conversation who take no messages now (a block, a disabled account).
    barred: accounts that were removed from the group, the latest last: they come back only by being added.
    history_from: while the settings say "all", the first number that somebody new may read. What was said while they
    said "joined" is opened to nobody later.
    heeded: of a direct conversation, the version of each account by which it was decided last whether it declines.
    pins: the numbers of pinned messages, the one pinned last at the end.
    avatar: the id of the group's picture; empty: it has none.
    wide: its members are kept in rows of their own (`member_row.py`), and never again in the state.
    count: of a wide group, how many members it has.
    large: its events are asked for, and copied to nobody but whom one concerns.
    reads_most: of a wide group, the highest number that any membership in it was let read from.
    reacted: how many reactions were put on or taken back without a number, as in a large group.
    """

    id: ConversationId
    direct: bool
    members: dict[AccountId, Member]
    head: int = 0
    ordinal: int = 0
    at: int = 0
    title: str = ""
    settings: GroupSettings = GroupSettings()
    declining: tuple[AccountId, ...] = msgspec.field(default=(), name="refusing")  # as it is stored
    applied: Position = START
    barred: tuple[AccountId, ...] = ()
    history_from: int = 1
    heeded: tuple[tuple[AccountId, int], ...] = ()
    shown: int = 0
    pins: tuple[int, ...] = ()
    avatar: str = ""
    wide: bool = False
    count: int = 0
    large: bool = False
    reads_most: int = 0
    reacted: int = 0

    @property
    def member_count(self) -> int:
        """How many members it has."""
        return self.count if self.wide else len(self.members)

    @property
    def last_shown(self) -> int:
        """The number of the last message or notice, 0 before the first."""
        return self.shown or self.head

    @property
    def abandoned(self) -> bool:
        """Whether the last member has left this group: it stays as it is, and nobody joins it any more."""
        return not self.member_count and not self.direct and self.head > 0


def companions(state: Conversation) -> tuple[AccountId, ...]:
    """Who are told of each other's presence for the sake of this conversation: its members, unless one of a direct
    conversation declines the other's messages, or they are more than `LARGE`."""
    return () if state.declining or state.wide or len(state.members) > LARGE else tuple(state.members)


class Closing(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a member who goes saw last: the group's title, settings and ordinal then, and how far its own writing had
    read."""

    title: str
    ordinal: int
    at: int
    read: int
    read_ordinal: int
    settings: GroupSettings = GroupSettings()


class Span(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The numbers `first` to `last` that `account` may read; `last` and `closing` are None while it is a member.

    One row each, named by (account, conversation, first): who comes and goes has several, and writing one
    again changes nothing.
    """

    account: AccountId
    conversation: ConversationId
    first: int
    last: int | None = None
    closing: Closing | None = None


class SendKey(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a command became: its number, and its place in the log, so that a replay knows its own.

    number: 0 if it was refused; of one that was only noted, the last number of the conversation then.
    digest: of what was asked (`command.asked`); empty, in keys of format 1, it matches anything.
    refused: why it was refused for ever. Keys of formats 1 and 2 are of what was placed.
    """

    position: Position
    number: int
    sent_at: int
    digest: bytes = b""
    refused: Code | None = None

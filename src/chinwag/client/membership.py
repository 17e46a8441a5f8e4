"""One conversation in a mirror, and what the notices of a group make of it."""

from typing import Literal, assert_never

import msgspec

from chinwag.client.events import Unknown
from chinwag.client.reactions import OnMessage
from chinwag.wire.large import GroupHead
from chinwag.wire.values import (
    AccountId,
    AvatarChanged,
    ConversationId,
    Created,
    DeliveryChanged,
    GroupSettings,
    GroupSettingsChanged,
    Joined,
    Left,
    Notice,
    NumberedEvent,
    Pinned,
    Reaction,
    Removed,
    Retitled,
    Role,
    RoleChanged,
)


class Member(msgspec.Struct):
    """A present member, and the numbers up to which it has read and received, as far as one is told."""

    role: Role
    read: int = 0
    delivered: int = 0
    read_at: int = 0


class Mirrored(msgspec.Struct, kw_only=True):
    """One conversation. role: one's own, None once one is out: then it stays as it was, without members.

    head: its last number that one may read; ordinal: messages so far; last, at: the newest message or notice, and its
    `sent_at`. read, read_ordinal: one's own read mark. mentions: the messages above it that speak to one. messages:
    cached messages and notices by number, as they are now; loaded: the ranges of numbers of which they are all there
    is, rising. stale: numbers of cached ones that have changed in a way that one was not told: ask for them again.
    reactions: to cached messages, as far as one knows them; late: reactions to others, the latest, for the page that
    has the message and may be older than they are. pins: the numbers of pinned messages, the one pinned last at the
    end. wide: `members` are its owner and admins alone, without marks, and `count` is how many it has. large: its
    events are asked for or followed, up to `head` so far, and `told` is where it was last heard to be. turn: up to
    which all was told of the reactions there, which are no events. uncounted: a page is to be loaded that has those
    that are on cached messages, of which events tell from then on.
    """

    id: ConversationId
    kind: Literal["direct", "group"]
    role: Role | None
    title: str = ""
    settings: GroupSettings = GroupSettings()
    members: dict[AccountId, Member] = msgspec.field(default_factory=dict)
    first: int = 1
    head: int = 0
    ordinal: int = 0
    at: int = 0
    read: int = 0
    read_ordinal: int = 0
    mentions: set[int] = msgspec.field(default_factory=set)
    last: NumberedEvent | Unknown | None = None
    messages: dict[int, NumberedEvent | Unknown] = msgspec.field(default_factory=dict)
    loaded: list[tuple[int, int]] = msgspec.field(default_factory=list)
    stale: set[int] = msgspec.field(default_factory=set)
    reactions: dict[int, OnMessage] = msgspec.field(default_factory=dict)
    late: list[Reaction] = msgspec.field(default_factory=list)
    pins: list[int] = msgspec.field(default_factory=list)
    avatar: str = ""
    wide: bool = False
    large: bool = False
    count: int = 0
    told: GroupHead | None = None
    turn: int = 0
    uncounted: bool = False

    @property
    def unread(self) -> int:
        """Messages after one's own read mark, as far as one has heard."""
        told = 0 if self.told is None else self.told.ordinal
        return max(self.ordinal, told) - self.read_ordinal

    @property
    def member_count(self) -> int:
        """How many members it has, also where one does not know them all."""
        return self.count if self.wide else len(self.members)

    @property
    def behind(self) -> bool:
        """Whether it is known to hold more than one has of it."""
        return self.told is not None and self.told.head > self.head


def change(held: Mirrored, notice: Notice, account: AccountId) -> None:
    """Make of `held`, as `account` holds it, what the notice says."""
    what = notice.change
    match what:
        case Created():
            held.title, held.settings = what.title, what.settings
            held.members = {one: Member(role, read=1, delivered=1) for one, role in what.members.items()}
            held.read, held.read_ordinal = 1, 0
        case Joined():
            _joins(held, what, notice.number)
        case Left():
            if what.owner is not None and what.owner in held.members:
                held.members[what.owner].role = Role.OWNER
            _goes(held, what.account, account)
        case Removed():
            _goes(held, what.account, account)
        case RoleChanged():
            _role(held, what)
        case Retitled():
            held.title = what.title
        case AvatarChanged():
            held.avatar = what.avatar
        case GroupSettingsChanged():
            held.settings = what.settings
        case Pinned():
            held.pins = [one for one in held.pins if one != what.number]
            if what.on and what.number >= held.first:
                held.pins.append(what.number)
        case DeliveryChanged():
            held.large = what.large
            if not what.large:
                # From here on events tell, of what a page has.
                held.uncounted = held.uncounted or bool(held.reactions)
                held.reactions, held.late, held.turn = {}, [], 0
        case _:
            assert_never(what)
    own = held.members.get(account)
    if own is not None:
        held.role = own.role
    elif not held.wide:
        held.role = None
    elif held.role is not None or (isinstance(what, Joined | RoleChanged) and what.account == account):
        held.role = Role.MEMBER  # one whom the group does not list


def shows(held: Mirrored, notice: Notice, account: AccountId) -> bool:
    """Whether `account` is shown a notice: of a wide group not of others who come and go, unless the group became wide
    or large by that."""
    what = notice.change
    if not held.wide or not isinstance(what, Joined | Left | Removed) or what.account == account:
        return True
    return isinstance(what, Joined) and (what.wide or what.large)


def widen(held: Mirrored, count: int) -> None:
    """The group has so many members that one is not given them all any more, nor the marks of others."""
    held.wide, held.count = True, count
    held.members = {one: Member(member.role) for one, member in held.members.items() if member.role is not Role.MEMBER}


def _joins(held: Mirrored, what: Joined, number: int) -> None:
    if held.wide:
        held.count += 1
    else:
        role = Role.MEMBER if held.members else Role.OWNER
        held.members[what.account] = Member(role, read=number, delivered=number)
        if what.wide:
            widen(held, len(held.members))
    held.large = held.large or what.large


def _goes(held: Mirrored, goes: AccountId, account: AccountId) -> None:
    if goes == account:
        held.members, held.pins, held.avatar = {}, [], ""
        held.role, held.told = None, None
        held.mentions = {one for one in held.mentions if one <= held.head}  # heard of ahead of the leaving
        held.wide, held.large, held.count = False, False, 0
        held.turn, held.uncounted = 0, False
    else:
        held.members.pop(goes, None)
        held.count -= held.wide


def _role(held: Mirrored, what: RoleChanged) -> None:
    member = held.members.get(what.account)
    if member is None and held.wide and what.role is not Role.MEMBER:
        member = held.members[what.account] = Member(Role.MEMBER)
    if member is None or member.role is what.role:
        return
    if what.role is Role.OWNER:
        for other in held.members.values():
            if other.role is Role.OWNER:
                other.role = Role.ADMIN
    member.role = what.role
    if held.wide and what.role is Role.MEMBER:
        del held.members[what.account]

"""Events: what changed in a conversation or an account, in the very form in which people receive it.

A numbered event is encoded to JSON once, when it is placed; the same bytes are stored, sent and read again.
"""

import msgspec

from chinwag.domain.account_change import AccountChange
from chinwag.domain.body import Content
from chinwag.domain.conversation import GroupSettings, Role
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.domain.reactions import ReactionCount


class Created(msgspec.Struct, frozen=True, gc=False, tag="created"):
    """The group begins, with these members and roles."""

    title: str
    members: dict[AccountId, Role]
    settings: GroupSettings


class Joined(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="joined"):
    """`account` is in from here on: it joined by itself, or the event's `from` added it.

    wide: with it the group has so many members that nobody is given all of them any more, nor the marks of others.
    large: with it they are so many that its events are asked for, and this one is the last that is copied to all.
    """

    account: AccountId
    wide: bool = False
    large: bool = False


class Left(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="left"):
    """`account` left by itself. An owner's leaving makes `owner` the new one."""

    account: AccountId
    owner: AccountId | None = None


class Removed(msgspec.Struct, frozen=True, gc=False, tag="removed"):
    """`account` was removed by the event's `from`."""

    account: AccountId


class RoleChanged(msgspec.Struct, frozen=True, gc=False, tag="role"):
    """`account` has `role` from here on. A new owner makes the old one an admin."""

    account: AccountId
    role: Role


class Retitled(msgspec.Struct, frozen=True, gc=False, tag="title"):
    """The group has a new title."""

    title: str


class AvatarChanged(msgspec.Struct, frozen=True, gc=False, tag="avatar"):
    """The group has a new picture, of the version `avatar`; empty: it has none any more."""

    avatar: str


class GroupSettingsChanged(msgspec.Struct, frozen=True, gc=False, tag="settings"):
    """The group has new settings."""

    settings: GroupSettings


class Pinned(msgspec.Struct, frozen=True, gc=False, tag="pinned"):
    """Message `number` is pinned for all (`on`), or no longer."""

    number: int
    on: bool


class DeliveryChanged(msgspec.Struct, frozen=True, gc=False, tag="delivery"):
    """The group's events are asked for after this one (`large`), or copied to all its members from this one on."""

    large: bool


Change = (
    Created
    | Joined
    | Left
    | Removed
    | RoleChanged
    | Retitled
    | AvatarChanged
    | GroupSettingsChanged
    | Pinned
    | DeliveryChanged
)


class Numbered(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag_field="kind"):
    """What every numbered event has.

    ordinal: the conversation's messages up to and with this event. sent_at: when the first accept took it, in
    milliseconds since 1970; nothing is sorted by it. device and id name the send that made it.
    """

    conversation: ConversationId
    number: int
    ordinal: int
    sender: AccountId = msgspec.field(name="from")
    device: DeviceId
    id: ClientId
    sent_at: int


class LastEdit(msgspec.Struct, frozen=True, gc=False):
    """The message has had its body since event `number`, placed by a command of the time `at` (milliseconds)."""

    number: int
    at: int


class Deletion(msgspec.Struct, frozen=True, gc=False):
    """The message was deleted with event `number`, by the account `by`, at the time `at` (milliseconds)."""

    number: int
    by: AccountId
    at: int


class Message(Numbered, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag="message"):
    """A message as it is now. reply_to: the number of the event that it answers, 0 for none.

    edited, deleted: what was done to it last, if anything. mentioned: to whom it speaks now, as decided: members named
    in the body, the author of the message that it answers, and "*" for all. reactions: what is on it, as of the `head`
    of the page of history that holds it; nothing else has them. All other fields stay as it was sent.
    """

    body: Content
    reply_to: int = 0
    mentioned: tuple[AccountId, ...] = ()
    edited: LastEdit | None = None
    deleted: Deletion | None = None
    reactions: tuple[ReactionCount, ...] = ()


class Notice(Numbered, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag="notice"):
    """Who joined or left, or what changed of the group.

    shown: of a notice that is not shown by itself, as of those who come to a wide group and go, the number of the last
    message or notice before it that is; whoever came or went is shown it all the same. 0: it is shown.
    """

    change: Change
    shown: int = 0


class Between(Numbered, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """What changes a message has a number too, and is shown by changing it. shown: the number of the last message or
    notice before this event."""

    shown: int


class Edited(Between, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag="edited"):
    """Message `target` has a new body.

    body: none where it may not be told here. replaced: then a later event, of this number, has changed the message
    again or deleted it; without it somebody may read this event, now or once they join, and not the message, and
    who may read the message asks for it. mentioned: as of the message now.
    """

    target: int
    body: Content | None = None
    replaced: int = 0
    mentioned: tuple[AccountId, ...] = ()


class Deleted(Between, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag="deleted"):
    """Message `target` is deleted, by this event's `from`."""

    target: int


class Reaction(Between, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag="reaction"):
    """This event's `from` has put `reaction` on message `target` (`on`), or taken it back: one more, or one less."""

    target: int
    reaction: str
    on: bool = True


NumberedEvent = Message | Notice | Edited | Deleted | Reaction


class Marked(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="kind"):
    """What both marks say: `account` has everything of the conversation up to `number`, since `at` (milliseconds)."""

    conversation: ConversationId
    account: AccountId
    number: int
    at: int


class Read(Marked, frozen=True, gc=False, kw_only=True, tag="read"):
    """Read. To the reader itself also the ordinal at `number`, for its unread count."""

    ordinal: int = 0


class Delivered(Marked, frozen=True, gc=False, kw_only=True, tag="delivered"):
    """Safe on a device of `account`."""


class AccountEvent(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="kind", tag="account"):
    """A change of the reader's account or of one that it knows; of two versions the higher holds."""

    change: AccountChange


Event = Message | Notice | Edited | Deleted | Reaction | Read | Delivered | AccountEvent

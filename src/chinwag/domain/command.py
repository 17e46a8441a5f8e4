"""Commands: what people ask of a conversation, stamped when accepted. The log carries them to `decide`."""

from hashlib import blake2b
from typing import Final

import msgspec

from chinwag.domain.body import Body
from chinwag.domain.conversation import GroupSettings, Role
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.domain.refusal import Code, Refused

RULES_VERSION: Final = 4


class Rules(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The rules in force at accept, stamped so that a replay decides by the same ones.

    edit_hours, delete_hours: for so long after it was sent an author may change or delete a message; 0: never, -1:
    always. Commands of version 1 have neither, and ask for neither. With version 3 came media.
    large_group_members: members of a group whose owner has let it be large; 0: no more than of any other. wide_above: a
    group of more keeps its members in rows. large_above: a group of more is large. Commands of versions before 4 ask
    for none of it.
    """

    version: int = RULES_VERSION
    group_members: int = 100
    edit_hours: int = 48
    delete_hours: int = 48
    large_group_members: int = 0
    wide_above: int = 500
    large_above: int = 1000


class Send(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="send"):
    """Place a message. after: the id of the device's previous unacked send in it (P4 of docs/guarantees.md)."""

    body: Body
    reply_to: int = 0
    after: ClientId | None = None


class Create(msgspec.Struct, frozen=True, gc=False, tag="create"):
    """Begin a group owned by the command's account, with `members` beside it."""

    title: str
    members: tuple[AccountId, ...]
    settings: GroupSettings


class Add(msgspec.Struct, frozen=True, gc=False, tag="add"):
    """Make `account` a member. Accept has asked the directory whether it exists and may be added."""

    account: AccountId


class Remove(msgspec.Struct, frozen=True, gc=False, tag="remove"):
    """Put a member out."""

    account: AccountId


class Leave(msgspec.Struct, frozen=True, gc=False, tag="leave"):
    """Go."""


class Join(msgspec.Struct, frozen=True, gc=False, tag="join"):
    """Come into an open group."""


class Enter(msgspec.Struct, frozen=True, gc=False, tag="enter"):
    """Come into a group, open or not, by a join link that the directory has honoured. No client can ask for it.

    by: who made the link; it admits as long as that account is owner or admin.
    """

    by: AccountId | None = None


class SetRole(msgspec.Struct, frozen=True, gc=False, tag="role"):
    """Give a member a role. Giving `owner` away makes the giver an admin."""

    account: AccountId
    role: Role


class Appoint(msgspec.Struct, frozen=True, gc=False, tag="appoint"):
    """The command's account has a role, member or admin, that whoever runs the server gives it. An owner stays one. No
    client can ask for it."""

    role: Role


class SetTitle(msgspec.Struct, frozen=True, gc=False, tag="title"):
    """Rename the group."""

    title: str


class SetAvatar(msgspec.Struct, frozen=True, gc=False, tag="avatar"):
    """Give the group the picture `avatar`, which the directory has as made for it; empty: none. No client can ask for
    it: the server makes the picture first."""

    avatar: str


class SetSettings(msgspec.Struct, frozen=True, gc=False, tag="settings"):
    """Change how the group works."""

    settings: GroupSettings


class Decline(msgspec.Struct, frozen=True, gc=False, tag="refuse"):
    """The command's account takes no messages in this direct conversation (`on`), or takes them again. No event.

    version: the account's own, when the directory said so. 0, from an older process: it is not known.
    """

    on: bool
    version: int = 0


class Pass(msgspec.Struct, frozen=True, gc=False, tag="pass"):
    """Change nothing. Its answer says that whatever was appended before it is decided. No client can ask for it."""


class Edit(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="edit"):
    """Give one's own message `number` another body. after: as in `Send`."""

    number: int
    body: Body
    after: ClientId | None = None


class Delete(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="delete"):
    """Delete message `number`: one's own, or one of somebody whom one may put out. after: as in `Send`."""

    number: int
    after: ClientId | None = None


class React(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="react"):
    """Put a reaction on message `number`, or take one's own back. after: as in `Send`."""

    number: int
    reaction: str
    on: bool = True
    after: ClientId | None = None


class Pin(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="pin"):
    """Pin message `number` for all, or take it from the pins. Also in a direct conversation."""

    number: int
    on: bool = True


class Deliver(msgspec.Struct, frozen=True, gc=False, tag="deliver"):
    """The events of a wide group are asked for from here on (`large`), or copied to its members again. No client can
    ask for it: whoever counts those who are there does."""

    large: bool


class Heir(msgspec.Struct, frozen=True, gc=False, tag="heir"):
    """Member `account` owns a wide group that has no owner from here on. No client can ask for it: whoever looks for
    the one that has been there longest does."""

    account: AccountId


GroupAction = Add | Remove | Leave | Join | SetRole | SetTitle | SetSettings | Pin
"""What the `change` frame may ask."""

Action = (
    Send
    | Create
    | Add
    | Remove
    | Leave
    | Join
    | Enter
    | Appoint
    | SetRole
    | SetTitle
    | SetAvatar
    | SetSettings
    | Decline
    | Pass
    | Edit
    | Delete
    | React
    | Pin
    | Deliver
    | Heir
)


class Command(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One accepted wish.

    id: the client's name for it, with which a retry is known. at: when it was first accepted, in milliseconds
    since 1970. opening: the directory has agreed that this send may begin a direct conversation. digest: of what was
    asked, worked out at accept, as there are many of those; empty, it matches anything. refused: the directory has not
    agreed, which is said by the worker, so that it is known for ever.
    """

    conversation: ConversationId
    account: AccountId
    device: DeviceId
    id: ClientId
    at: int
    action: Action
    rules: Rules = Rules()
    opening: bool = False
    digest: bytes = b""
    refused: Code | None = None


CHAINED: Final = (Send, Edit, Delete, React)
"""Actions that may name, as `after`, the one before them: of one device in one conversation they make one chain."""

_encode: Final = msgspec.msgpack.Encoder().encode
_nothing_hashed: Final = blake2b(digest_size=8)


def asked(action: Action) -> bytes:
    """Eight bytes that tell what was asked from anything else under the same id: action, body, reply_to, target.

    Over the values, not the form in which they came; and not over `after`, which a retry may change. It guards a client
    against its own mistake, so it need not hold against somebody who looks for another text of the same digest.

    Raises `Refused` (`bad_request`) for a number of more than 64 bits.
    """
    if type(action) is Send:
        content: object = (action.body, action.reply_to)
    elif isinstance(action, Edit | Delete | React) and action.after is not None:
        content = msgspec.structs.replace(action, after=None)
    else:
        content = action
    try:
        encoded = _encode(content)
    except OverflowError:  # JSON has numbers of any length, and what is stored or sent on has not
        raise Refused(Code.BAD_REQUEST, "a number is longer than any that there is") from None
    hashed = _nothing_hashed.copy()  # a third quicker than to make one
    hashed.update(encoded)
    return hashed.digest()

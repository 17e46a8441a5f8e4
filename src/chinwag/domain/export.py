"""The lines of an export, one JSON object each, told apart by `type`. `docs/export.md` describes them for readers.

Times are milliseconds since 1970. What only the server needs (hashes of passwords, tokens, keys) is in none of them.
"""

from typing import Final, Literal

import msgspec

from chinwag.domain.account import AccountSettings
from chinwag.domain.account_friendship import Bond
from chinwag.domain.conversation import GroupSettings, Role
from chinwag.domain.ids import AccountId, ConversationId, DeviceId, UploadId
from chinwag.domain.preferences import Preferences
from chinwag.domain.views import MemberView

FORMAT: Final = 1


class Begin(msgspec.Struct, frozen=True, tag="export"):
    """The first line. format: of the lines that follow. at: the moment that they show. account: whose export it is,
    None for everything."""

    format: int
    version: str
    at: int
    account: AccountId | None


class AccountLine(msgspec.Struct, frozen=True, kw_only=True, tag="account"):
    """An account. settings: None for an account that is only named by the others."""

    id: AccountId
    name: str
    display_name: str
    about: str
    settings: AccountSettings | None = None
    admin: bool | None = None
    created_at: int | None = None
    last_active_at: int | None = None
    disabled: bool = False
    closed: bool = False


class DeviceLine(msgspec.Struct, frozen=True, tag="device"):
    """A log-in of an account that is not revoked."""

    id: DeviceId
    account: AccountId
    name: str
    created_at: int
    last_seen_at: int


class FriendLine(msgspec.Struct, frozen=True, tag="friend"):
    """Two accounts are friends, or `by` has asked to be."""

    account: AccountId
    friend: AccountId
    state: Bond
    by: AccountId
    at: int


class BlockLine(msgspec.Struct, frozen=True, tag="block"):
    """`account` takes nothing from `blocked`, since `at`."""

    account: AccountId
    blocked: AccountId
    at: int


class PreferencesLine(msgspec.Struct, frozen=True, tag="preferences"):
    """What `account` wants of a conversation."""

    account: AccountId
    conversation: ConversationId
    preferences: Preferences


class IdentityLine(msgspec.Struct, frozen=True, tag="identity"):
    """Whom `issuer` calls `subject` may log in to `account`; `provider` is its name in the configuration. groups: those
    of the person's groups by which the configuration gives something."""

    account: AccountId
    provider: str
    issuer: str
    subject: str
    linked_at: int
    groups: tuple[str, ...]


class ConversationLine(msgspec.Struct, frozen=True, kw_only=True, tag="conversation"):
    """A conversation; its events follow. In an account's export: as that account sees it, with its role (None once it
    is no member) and read mark. first, head: the first and last number that follow."""

    id: ConversationId
    kind: Literal["direct", "group"]
    title: str
    settings: GroupSettings
    members: list[MemberView]
    first: int
    head: int
    role: Role | None = None
    read: int | None = None


class MembersLine(msgspec.Struct, frozen=True, tag="members"):
    """Members of the conversation before it, of whom there are too many for one line: several of these follow one
    another. Only in an export of everything."""

    conversation: ConversationId
    members: list[MemberView]


class EventLine(msgspec.Struct, frozen=True, tag="event"):
    """One event of the conversation before it, in the very form in which devices get it."""

    event: msgspec.Raw


class MediaLine(msgspec.Struct, frozen=True, tag="media"):
    """What the message of the event before it shows. id: of the upload, which several messages may show. file: its name
    in the folder of files; None without one, or if the file is not there."""

    conversation: ConversationId
    number: int
    id: UploadId
    name: str
    media_type: str
    size: int
    file: str | None


class AvatarLine(msgspec.Struct, frozen=True, tag="avatar"):
    """The picture of an account or of a group; the other one is None. file: as in `MediaLine`."""

    account: AccountId | None
    conversation: ConversationId | None
    id: str
    file: str | None


class End(msgspec.Struct, frozen=True, tag="end"):
    """The last line: an export without it was cut off. lines: how many stand before it."""

    lines: int


Line = (
    Begin
    | AccountLine
    | DeviceLine
    | FriendLine
    | BlockLine
    | PreferencesLine
    | IdentityLine
    | ConversationLine
    | MembersLine
    | EventLine
    | MediaLine
    | AvatarLine
    | End
)

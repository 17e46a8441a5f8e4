"""What changes about accounts, as the devices of those concerned are told through their inboxes.

A change arrives at least once and may arrive late, so each says what is so now, not what to add, and carries
a version: of two changes with the same `subject`, only the one with the higher version counts.
"""

from collections.abc import Mapping

import msgspec

from chinwag.domain.account import AccountSettings
from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.domain.preferences import Preferences


class FriendRequested(msgspec.Struct, frozen=True, tag="friend_requested"):
    """`by` asks for friendship. `friend` is the other one, seen from whoever reads this."""

    friend: AccountId
    by: AccountId
    at: int
    version: int


class FriendAccepted(msgspec.Struct, frozen=True, tag="friend_accepted"):
    """The two are friends since `at`; `by` accepted."""

    friend: AccountId
    by: AccountId
    at: int
    version: int


class FriendDeclined(msgspec.Struct, frozen=True, tag="friend_declined"):
    """The request is gone; `by` declined it."""

    friend: AccountId
    by: AccountId
    at: int
    version: int


class FriendWithdrawn(msgspec.Struct, frozen=True, tag="friend_withdrawn"):
    """The request is gone; `by`, who had asked, took it back."""

    friend: AccountId
    by: AccountId
    at: int
    version: int


class FriendRemoved(msgspec.Struct, frozen=True, tag="friend_removed"):
    """The two are no longer friends; `by` ended it."""

    friend: AccountId
    by: AccountId
    at: int
    version: int


class ProfileChanged(msgspec.Struct, frozen=True, tag="profile_changed"):
    """An account's whole profile as it is now: for its own devices and its friends."""

    account: AccountId
    name: str
    display_name: str
    about: str
    version: int
    avatar: str = ""


class AccountSettingsChanged(msgspec.Struct, frozen=True, tag="settings_changed"):
    """One's own settings as they are now, whole."""

    account: AccountId
    settings: AccountSettings
    version: int


class DeviceAdded(msgspec.Struct, frozen=True, tag="device_added"):
    """A device of one's own logged in."""

    account: AccountId
    device: DeviceId
    name: str
    at: int
    version: int


class DeviceRevoked(msgspec.Struct, frozen=True, tag="device_revoked"):
    """A device of one's own was logged out or revoked, for ever: a gateway that sees this closes its socket."""

    account: AccountId
    device: DeviceId
    at: int
    version: int


class AccountDisabled(msgspec.Struct, frozen=True, tag="account_disabled"):
    """One's own account was disabled and all its devices revoked."""

    account: AccountId
    at: int
    version: int


class AccountClosed(msgspec.Struct, frozen=True, tag="account_closed"):
    """An account was closed, for ever: for its own devices and its friends."""

    account: AccountId
    at: int
    version: int


class BlockChanged(msgspec.Struct, frozen=True, tag="block_changed"):
    """For one's own devices only: one blocks `blocked` (`on`), or no longer does."""

    blocked: AccountId
    on: bool
    at: int
    version: int


class PreferencesChanged(msgspec.Struct, frozen=True, tag="preferences_changed"):
    """For one's own devices only: what one wants of a conversation as it is now, whole."""

    conversation: ConversationId
    preferences: Preferences
    version: int


class PushGone(msgspec.Struct, frozen=True, tag="push_gone"):
    """For one's own devices only: the push service has forgotten `device`. If that is you, subscribe anew."""

    device: DeviceId
    at: int
    version: int


class Announced(msgspec.Struct, frozen=True, tag="announced"):
    """The server says something to everybody. It may come twice, with the same `id`."""

    id: str
    text: str
    at: int
    version: int = 1


FriendChange = FriendRequested | FriendAccepted | FriendDeclined | FriendWithdrawn | FriendRemoved

AccountChange = (
    FriendRequested
    | FriendAccepted
    | FriendDeclined
    | FriendWithdrawn
    | FriendRemoved
    | ProfileChanged
    | AccountSettingsChanged
    | DeviceAdded
    | DeviceRevoked
    | AccountDisabled
    | AccountClosed
    | BlockChanged
    | PreferencesChanged
    | PushGone
    | Announced
)


def subject(change: AccountChange) -> str:
    """What `change` is about; versions are compared between changes of one subject only."""
    match change:
        case (
            FriendRequested(friend=friend)
            | FriendAccepted(friend=friend)
            | FriendDeclined(friend=friend)
            | FriendWithdrawn(friend=friend)
            | FriendRemoved(friend=friend)
        ):
            return f"friend:{friend}"
        case DeviceAdded(device=device) | DeviceRevoked(device=device):
            return f"device:{device}"
        case ProfileChanged(account=account):
            return f"profile:{account}"
        case AccountSettingsChanged(account=account):
            return f"settings:{account}"
        case AccountDisabled(account=account) | AccountClosed(account=account):
            return f"account:{account}"
        case BlockChanged(blocked=blocked):
            return f"block:{blocked}"
        case PreferencesChanged(conversation=conversation):
            return f"preferences:{conversation}"
        case PushGone(device=device):
            return f"push:{device}"
        case Announced(id=id_):
            return f"announcement:{id_}"


def counts(change: AccountChange, seen: Mapping[str, int]) -> bool:
    """Whether `change` is newer than the version in `seen` (by subject): an older one or a copy changes nothing."""
    return change.version > seen.get(subject(change), 0)

"""What a device holds by its events: its conversations, and what its account knows of itself."""

import json
from typing import Any

import msgspec

from chinwag.client.events import Unknown
from chinwag.client.mirror import Mirror
from chinwag.domain.account_change import (
    AccountClosed,
    AccountDisabled,
    AccountSettingsChanged,
    DeviceAdded,
    DeviceRevoked,
    FriendAccepted,
    FriendDeclined,
    FriendRemoved,
    FriendRequested,
    FriendWithdrawn,
    ProfileChanged,
    counts,
    subject,
)
from chinwag.wire.values import AccountEvent, AccountId, ConversationId, Event


class Own(msgspec.Struct):
    """What an account knows of itself and its friends; friends: (state, by whom it was moved last)."""

    name: str = ""
    display_name: str = ""
    about: str = ""
    direct_from: str = "everyone"
    share_read: bool = True
    friends: dict[str, tuple[str, str]] = msgspec.field(default_factory=dict)
    devices: set[str] = msgspec.field(default_factory=set)


class Held:
    """One device's state: conversations in a `Mirror`, and its account's own things."""

    def __init__(self, account: AccountId, mirror: Mirror | None = None) -> None:
        """mirror: an empty one of another kind."""
        self.account = account
        self.mirror = mirror or Mirror(account)
        self.own = Own()
        self._versions: dict[str, int] = {}

    def apply(self, event: Event | Unknown) -> ConversationId | None:
        """Take an event; the conversation that must be loaded first, if any."""
        if isinstance(event, AccountEvent):
            self._change(event.change)
        return self.mirror.apply(event)

    def _change(self, change: Any) -> None:
        if not counts(change, self._versions):
            return
        self._versions[subject(change)] = change.version
        own = self.own
        match change:
            case FriendRequested():
                own.friends[change.friend] = ("requested", change.by)
            case FriendAccepted():
                own.friends[change.friend] = ("friends", change.by)
            case FriendDeclined() | FriendWithdrawn() | FriendRemoved():
                own.friends.pop(change.friend, None)
            case ProfileChanged() if change.account == self.account:
                own.name, own.display_name, own.about = change.name, change.display_name, change.about
            case AccountSettingsChanged():
                own.direct_from, own.share_read = change.settings.direct_from, change.settings.share_read
            case DeviceAdded():
                own.devices.add(change.device)
            case DeviceRevoked():
                own.devices.discard(change.device)
            case AccountClosed() if change.account != self.account:
                own.friends.pop(change.account, None)
            case ProfileChanged() | AccountClosed() | AccountDisabled():
                pass


def canonical(state: object) -> str:
    """A state as a text that is equal to another if and only if the states are."""
    return json.dumps(msgspec.to_builtins(state, order="deterministic"), sort_keys=True)

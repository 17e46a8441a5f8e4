"""What the directory holds, as the API shows it, and what handlers about accounts are given."""

from litestar.di import NamedDependency

from chinwag.domain.account_friendship import Friendship
from chinwag.domain.ids import DeviceId
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.access.logged_in import LoggedIn
from chinwag.ports.directory import Account, Device
from chinwag.wire.http import AccountSettings, CookieTokens, DeviceEntry, Friend, Me, SessionTokens, User

AccountVerbs = NamedDependency[Accounts]
"""The type of a handler's `accounts`."""


def me(account: Account) -> Me:
    """An account for its owner."""
    return Me(
        id=account.id,
        name=account.name,
        display_name=account.display_name,
        about=account.about,
        settings=settings(account),
        admin=account.admin,
        created_at=account.created_at,
        version=account.version,
        avatar=account.avatar,
    )


def settings(account: Account) -> AccountSettings:
    """An account's settings for its owner."""
    chosen = account.settings
    return AccountSettings(
        direct_from=chosen.direct_from,
        findable=chosen.findable,
        share_read=chosen.share_read,
        share_last_seen=chosen.share_last_seen,
        share_typing=chosen.share_typing,
        push_preview=chosen.push_preview,
        quiet_hours=chosen.quiet_hours,
    )


def user(account: Account) -> User:
    """An account for everybody."""
    return User(
        id=account.id,
        name=account.name,
        display_name=account.display_name,
        about=account.about,
        closed=account.closed,
        version=account.profile_version,
        avatar=account.avatar,
    )


def session(given: LoggedIn) -> SessionTokens:
    """The tokens of a log-in or refresh."""
    return SessionTokens(
        account=me(given.account),
        device=given.device,
        access_token=given.access_token,
        access_expires_at=given.access_expires_at,
        refresh_token=given.refresh_token,
        refresh_expires_at=given.refresh_expires_at,
    )


def cookie_session(given: LoggedIn) -> CookieTokens:
    """The same, where the refresh token goes into a cookie."""
    return CookieTokens(
        account=me(given.account),
        device=given.device,
        access_token=given.access_token,
        access_expires_at=given.access_expires_at,
        refresh_expires_at=given.refresh_expires_at,
    )


def device(one: Device, current: DeviceId) -> DeviceEntry:
    """A device in its owner's list, who asks from `current`."""
    return DeviceEntry(
        id=one.id,
        name=one.name,
        created_at=one.created_at,
        last_seen_at=one.last_seen_at,
        current=one.id == current,
    )


def friend(pair: Friendship, other: Account) -> Friend:
    """A pair, seen from the one who is not `other`."""
    return Friend(user=user(other), state=pair.bond.value, by=pair.by, at=pair.at, version=pair.version)

"""Requests and answers of the HTTP API about accounts. Ids are strings; times are milliseconds since 1970.

A field that a request leaves out keeps its value. What holds a password or a token does not show it in its `repr`.
"""

from typing import Any, Generic, Literal, TypeVar

import msgspec

from chinwag.domain.quiet_hours import QuietHours

T = TypeVar("T")


class Secretive(msgspec.Struct):
    """A struct whose fields are nobody's to see in a log."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


class Page(msgspec.Struct, Generic[T]):
    """Some of a list. `next` goes into `after` of the next request; without it there are no more."""

    items: list[T]
    next: str | None = None


class SignUpRequest(Secretive):
    """Make an account. `invitation` is the code, where the server asks for one.

    device: log in as well, with a new device of that name. cookie: as in `LogInRequest`.
    """

    name: str
    password: str
    display_name: str = ""
    invitation: str = ""
    device: str | None = None
    cookie: bool = False


class OpenIdLogIn(Secretive):
    """`code`: that the browser came back with from a provider; `secret`: that the client kept meanwhile. `invitation`:
    the code for a first log-in, where the provider's accounts get one here by an invitation."""

    code: str
    secret: str
    invitation: str = ""


class LogInRequest(Secretive):
    """Log a new device in. `login_type` says by what: `name` and `password`, or `openid`. `device` is its name in the
    list of devices. `known_device` is a refresh token of an earlier log-in of this account on this device, used up or
    not, if there was one: it lets nobody in, but whoever shows it is not held up by others who guess the account's
    password.

    cookie: the refresh token goes into a cookie that no script can read, and not into the answer. For browsers, from
    pages of the server itself; the token that such a cookie holds is the known device's.
    """

    name: str | None = None
    password: str | None = None
    device: str = ""
    known_device: str = ""
    cookie: bool = False
    login_type: Literal["password", "openid"] = "password"
    openid: OpenIdLogIn | None = None


class RefreshRequest(Secretive):
    """Exchange a refresh token. `attempt` is a random name of 8 to 64 characters that the client chooses for this
    exchange and keeps until it has the answer: asking again with it gives the same tokens' successor again.

    Without `refresh_token` it is that of the cookie. `device` then is the one that the client believes to be: if the
    cookie is of another one, nothing is renewed (`wrong_session`). A client with a cookie keeps one attempt for as long
    as it is logged in.
    """

    attempt: str
    refresh_token: str | None = None
    device: str | None = None


class ChangePasswordRequest(Secretive):
    """Change one's password. Other devices are logged out, unless `keep_others`."""

    current: str
    new: str
    keep_others: bool = False


class CloseAccountRequest(Secretive):
    """Close one's account for ever."""

    password: str


class ChangeProfileRequest(msgspec.Struct):
    """What others see."""

    display_name: str | None = None
    about: str | None = None


class ChangeSettingsRequest(msgspec.Struct):
    """What one has chosen. `quiet_hours`: null ends them."""

    direct_from: Literal["everyone", "friends"] | None = None
    findable: bool | None = None
    share_read: bool | None = None
    share_last_seen: bool | None = None
    share_typing: bool | None = None
    push_preview: Literal["", "none", "sender", "text"] | None = None
    quiet_hours: QuietHours | msgspec.UnsetType | None = msgspec.UNSET


class AccountSettings(msgspec.Struct):
    """`direct_from`: who may turn to this account unasked: begin a direct conversation with it, or add it to a group.
    With `friends` nobody else may, and is refused as `recipient_refuses`. `findable`: whether a search shows this
    account to people who neither are its friends nor share a conversation with it. `share_read` (how far one has
    read), `share_last_seen` (also whether one is online) and `share_typing`: whether others see that of this account,
    and it of them. `push_preview`: how much of a message a push says; empty: all of it in browsers, whose push services
    cannot read it, else nothing. `quiet_hours`: from when to when the account is pushed nothing, and gets a summary
    afterwards; null: never."""

    direct_from: Literal["everyone", "friends"]
    findable: bool = True
    share_read: bool = True
    share_last_seen: bool = True
    share_typing: bool = True
    push_preview: Literal["", "none", "sender", "text"] = ""
    quiet_hours: QuietHours | None = None


class Me(msgspec.Struct):
    """One's own account. `version` rises with each change. avatar: as in `User`."""

    id: str
    name: str
    display_name: str
    about: str
    settings: AccountSettings
    admin: bool
    created_at: int
    version: int
    avatar: str = ""


class SetAvatarRequest(msgspec.Struct):
    """Make a picture of one's own `upload` (an id)."""

    upload: str


class SessionTokens(Secretive):
    """A device's tokens. The refresh token is used up by its use; the answer to that has the next one."""

    account: Me
    device: str
    access_token: str
    access_expires_at: int
    refresh_token: str
    refresh_expires_at: int


class CookieTokens(Secretive):
    """A device's access token; its refresh token is in a cookie."""

    account: Me
    device: str
    access_token: str
    access_expires_at: int
    refresh_expires_at: int


class DeviceEntry(msgspec.Struct):
    """A device that is logged in. `current`: it is the one that asks. `last_seen_at` is kept to some minutes."""

    id: str
    name: str
    created_at: int
    last_seen_at: int
    current: bool


class User(msgspec.Struct):
    """What everybody may see of an account. Of a closed one only the id is left: show it as closed. `version` rises
    with each change of this, and of nothing else. avatar: the version of its picture, which is at
    `/v1/users/{id}/avatar`; empty: it has none."""

    id: str
    name: str
    display_name: str
    about: str
    closed: bool
    version: int
    avatar: str = ""


class Friend(msgspec.Struct):
    """What there is between oneself and `user`, since `at`: friends; or a request, `by` one of the two.

    `version` rises with each change, in step with the account events about the same friend.
    """

    user: User
    state: Literal["none", "requested", "friends"]
    by: str
    at: int
    version: int


class PresenceEntry(msgspec.Struct):
    """Whether an account is online, and when it was last active (0: never seen)."""

    account: str
    online: bool
    last_active_at: int


class OnlineDevice(msgspec.Struct):
    """A device of one's own that is online, through which node and since when."""

    device: str
    node: str
    since: int

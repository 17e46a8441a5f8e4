"""What the HTTP addresses of administration take and give. Times are milliseconds since 1970."""

import msgspec

from chinwag.wire.http import Secretive


class AccountEntry(msgspec.Struct, frozen=True):
    """An account, for administrators."""

    id: str
    name: str
    display_name: str
    admin: bool
    disabled: bool
    closed: bool
    created_at: int


class AddAccountRequest(Secretive):
    """Make an account for somebody."""

    name: str
    password: str
    display_name: str = ""


class ResetPasswordRequest(Secretive):
    """Give an account a new password; all its devices are logged out."""

    password: str


class AdminDevice(msgspec.Struct, frozen=True):
    """A device that is logged in; if it is online, through which node and since when."""

    id: str
    name: str
    created_at: int
    last_seen_at: int
    node: str | None = None
    since: int | None = None


class CreateInvitationRequest(msgspec.Struct, frozen=True):
    """Make a code with which so many people may sign up, for so many days."""

    uses: int = 1
    valid_days: int = 7


class NewInvitation(Secretive):
    """The code, shown this once."""

    id: str
    code: str


class InvitationEntry(msgspec.Struct, frozen=True):
    """An invitation; without uses left it is used up or revoked. `created_by` is empty for the operator."""

    id: str
    uses_left: int
    expires_at: int
    created_by: str
    created_at: int


class AnnounceRequest(msgspec.Struct, frozen=True):
    """Say something to everybody who has an account now."""

    text: str


class AnnouncementEntry(msgspec.Struct, frozen=True):
    """An announcement, for administrators. `done`: it is in everybody's inbox."""

    id: str
    text: str
    at: int
    by: str
    done: bool


class AnnouncementView(msgspec.Struct, frozen=True):
    """An announcement, for everybody. Its event has the same `id`."""

    id: str
    text: str
    at: int


class AuditEntry(msgspec.Struct, frozen=True):
    """One act of an administrator: `actor` is an account, or "operator" for whoever has the server's machine."""

    id: int
    at: int
    actor: str
    act: str
    target: str
    detail: str

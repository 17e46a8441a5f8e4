"""What a log-in gives: a device, and its two tokens."""

import msgspec

from chinwag.domain.ids import DeviceId
from chinwag.ports.directory import Account


class LoggedIn(msgspec.Struct, frozen=True):
    """Tokens of one device. Times are milliseconds since 1970."""

    account: Account
    device: DeviceId
    access_token: str
    access_expires_at: int
    refresh_token: str
    refresh_expires_at: int

    def __repr__(self) -> str:
        return f"Session(account={self.account.id}, device={self.device})"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [("account", self.account.id), ("device", self.device)]

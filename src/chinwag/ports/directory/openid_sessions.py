"""Devices that were logged in by a provider."""

from typing import Protocol

import msgspec

from chinwag.domain.ids import DeviceId


class OpenIdSession(msgspec.Struct, frozen=True):
    """`device` was let in because `issuer` named `subject`. Times are milliseconds since 1970.

    session: the issuer's name for the log-in there, if it has one. refresh_token: with which it is asked again, sealed;
    empty: it gave none. checked_at: when it was asked last, and said yes. away_since: since when it does not answer;
    0: it does. asking_until: somebody asks it just now, and nobody else is to before then.
    """

    device: DeviceId
    provider: str
    issuer: str
    subject: str
    session: str
    refresh_token: bytes
    checked_at: int
    away_since: int = 0
    asking_until: int = 0

    def __repr__(self) -> str:
        return f"OpenIdSession({self.device} by {self.provider})"


class OpenIdSessionRepository(Protocol):
    """One row for each device that a provider let in, as long as the device is not revoked."""

    async def of(self, device: DeviceId) -> OpenIdSession | None:
        """The device's, if a provider let it in."""
        ...

    async def put(self, session: OpenIdSession) -> None:
        """Add or replace the device's."""
        ...

    async def named(self, issuer: str, subject: str, session: str) -> list[DeviceId]:
        """The devices that `issuer` let in for `subject` and as `session`; of the two, the one that is empty is not
        asked for. A device of `subject` whose session it never named may be of this one, and is among them. At most
        `PAGE_MAX`."""
        ...

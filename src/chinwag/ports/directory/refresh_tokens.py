"""Refresh tokens of devices."""

from typing import Protocol

import msgspec

from chinwag.domain.ids import DeviceId


class RefreshToken(msgspec.Struct, frozen=True):
    """A device's refresh token, as SHA-256 digests only: the one that counts, and the one before it."""

    device: DeviceId
    digest: bytes
    previous: bytes | None
    expires_at: int


class RefreshTokenRepository(Protocol):
    """One refresh token per device that is not revoked."""

    async def of(self, device: DeviceId) -> RefreshToken | None:
        """The device's token. Until the transaction ends no other one changes it."""
        ...

    async def put(self, token: RefreshToken) -> None:
        """Add or replace the device's token."""
        ...

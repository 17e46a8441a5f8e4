"""Devices of accounts."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from chinwag.domain.ids import AccountId, DeviceId


class Device(msgspec.Struct, frozen=True):
    """One log-in of an account. Revoked is for ever: who logs in again is a new device."""

    id: DeviceId
    account: AccountId
    name: str
    created_at: int
    last_seen_at: int
    revoked_at: int | None = None


class Standing(msgspec.Struct, frozen=True):
    """All that decides whether a device may act, read at once."""

    account: AccountId
    device: DeviceId
    revoked: bool
    disabled: bool
    closed: bool
    admin: bool


class DeviceRepository(Protocol):
    """Devices of accounts."""

    async def create(self, device: Device) -> None:
        """Add a device. Its account must exist (`no_account`)."""
        ...

    async def get(self, device: DeviceId) -> Device | None:
        """One device, also if revoked."""
        ...

    async def standings(self, devices: Sequence[DeviceId]) -> dict[DeviceId, Standing]:
        """Whether each of up to `PAGE_MAX` devices may act, in one read; those that do not exist are left out."""
        ...

    async def of(self, account: AccountId) -> list[Device]:
        """An account's devices that are not revoked, newest first, at most `PAGE_MAX`."""
        ...

    async def revoke(self, device: DeviceId, at: int) -> bool:
        """Revoke, and forget its refresh token, its session at a provider, its subscription to pushes and what waits
        to be pushed to it. False if it was revoked before or does not exist."""
        ...

    async def revoke_all(self, account: AccountId, at: int, but: DeviceId | None = None) -> list[DeviceId]:
        """Revoke every device of an account except `but`; those that it revoked."""
        ...

    async def seen(self, device: DeviceId, at: int) -> None:
        """Note when the device was last here. Only moves forward."""
        ...

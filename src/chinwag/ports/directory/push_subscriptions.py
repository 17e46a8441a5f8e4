"""Where devices can be reached by pushes."""

import hashlib
from collections.abc import Collection, Sequence
from typing import Protocol

import msgspec

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.push_notice import ApnsAddress, FcmAddress, PushAddress, WebAddress


class PushSubscription(msgspec.Struct, frozen=True):
    """A device's address at a push service. Times are milliseconds since 1970.

    cleared_at: when it was last sent a push that only takes back what is shown; 0: never.
    """

    device: DeviceId
    account: AccountId
    address: PushAddress
    registered_at: int
    cleared_at: int = 0


def same_place(address: PushAddress) -> bytes:
    """The digest of where an address leads, whatever keys come with it: two devices never have the same."""
    match address:
        case WebAddress(endpoint=endpoint):
            place = f"web\n{endpoint}"
        case FcmAddress(token=token):
            place = f"fcm\n{token}"
        case ApnsAddress(token=token, topic=topic, sandbox=sandbox):
            place = f"apns\n{topic}\n{sandbox}\n{token}"
    return hashlib.sha256(place.encode("utf-8", "surrogatepass")).digest()


class PushSubscriptionRepository(Protocol):
    """One row a device at most. `DeviceRepository.revoke` forgets a device's row, and its jobs."""

    async def of(self, device: DeviceId) -> PushSubscription | None:
        """A device's."""
        ...

    async def of_many(self, devices: Sequence[DeviceId]) -> list[PushSubscription]:
        """Those of these devices that have one, in no order."""
        ...

    async def holder(self, address: PushAddress) -> PushSubscription | None:
        """Whose address leads to the same place (`same_place`)."""
        ...

    async def put(self, subscription: PushSubscription) -> None:
        """Keep it instead of the device's earlier one. Raises `endpoint_taken` if another device's leads to the same
        place."""
        ...

    async def remove(self, device: DeviceId) -> bool:
        """Forget it, and what waits to be pushed there; False if there was none."""
        ...

    async def clears(self, device: DeviceId, at: int, before: int) -> bool:
        """Note that the device is sent a push that only takes back, at `at`. False, and nothing is changed, if it was
        sent one after `before` and up to `at`, or has no subscription."""
        ...

    async def any(self) -> bool:
        """Whether there is one at all."""
        ...

    async def devices_of(self, accounts: Sequence[AccountId]) -> list[tuple[AccountId, DeviceId]]:
        """The devices of these accounts that can be reached."""
        ...

    async def keys_used(self, keys: Collection[str]) -> frozenset[str]:
        """Those of these VAPID keys (their ids) that somebody subscribed with."""
        ...

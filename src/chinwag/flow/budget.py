"""How fast each of many may go: one rate, and a bucket for each key that has been used of late.

Buckets are made when they are first used, and the table that holds them is bounded: who says nothing costs nothing.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.rate import Bucket, Rate
from chinwag.domain.refusal import Code, Refused

KEYS: Final = 100_000
"""Buckets kept per budget; the one longest unused goes first, and has filled up again by then."""

Now = Callable[[], float]


class Budget:
    """One rate for each of many keys. The caller bounds how long a key is."""

    def __init__(self, rate: Rate, now: Now = time.monotonic, keys: int = KEYS) -> None:
        self._rate = rate
        self._now = now
        self._keys = keys
        self.buckets: Final[OrderedDict[str, Bucket]] = OrderedDict()
        """By key, the one longest unused first."""

    def __len__(self) -> int:
        """Buckets held."""
        return len(self.buckets)

    def wait(self, key: str, count: int = 1) -> float:
        """Take `count` for `key`: 0 if there were so many, else the seconds until there are, and none is taken."""
        return self.wait_at(self._now(), key, count)

    def wait_at(self, now: float, key: str, count: int = 1) -> float:
        """As `wait`, for a caller that has just looked at the same clock."""
        buckets = self.buckets
        bucket = buckets.get(key)
        if bucket is None:
            bucket = self._begun(key, now)
        else:
            buckets.move_to_end(key)
        return bucket.take(now, count)

    def short(self, key: str, count: int = 1) -> float:
        """The seconds until `key` may take `count`; 0 if it may now. Takes nothing."""
        bucket = self.buckets.get(key) or Bucket(self._rate, self._now())
        return bucket.short(self._now(), count)

    def change(self, key: str, by: int) -> None:
        """Give `key` so many back, or take them if that is below 0: at most all that there are, or have room."""
        now, bucket = self._now(), self.buckets.get(key)
        if bucket is None:
            bucket = self._begun(key, now)
        else:
            self.buckets.move_to_end(key)
        bucket.change(now, by)

    def _begun(self, key: str, now: float) -> Bucket:
        buckets = self.buckets
        if len(buckets) >= self._keys:
            buckets.popitem(last=False)
        bucket = buckets[key] = Bucket(self._rate, now)
        return bucket

    def take(self, key: str, detail: str = "") -> None:
        """Take one for `key`. Raises `Refused(RATE_LIMITED)` with the seconds to wait."""
        if (wait := self.wait(key)) > 0:
            raise Refused(Code.RATE_LIMITED, detail, wait)


class Shared:
    """One rate for each device, and a larger one for each account."""

    def __init__(self, rate: Rate, share: int, now: Now = time.monotonic) -> None:
        self._now = now
        self._most = rate.burst
        self._devices = Budget(rate, now)
        self._accounts = Budget(Rate(rate.per_second * share, rate.burst * share), now)

    def wait(self, account: AccountId, device: DeviceId, count: int = 1) -> float:
        """Take `count`, at most all that a device may at once, for it and its account: 0 if both had as many, else the
        seconds until they may."""
        return self.wait_at(self._now(), account, device, min(count, self._most))

    def wait_at(self, now: float, account: AccountId, device: DeviceId, count: int = 1) -> float:
        """As `wait`, for a caller that has just looked at the same clock."""
        # What two calls of `Budget.wait_at` do, without these: it is on the way of each message.
        devices, accounts = self._devices.buckets, self._accounts.buckets
        of_device, of_account = devices.get(device), accounts.get(account)
        if of_device is None or of_account is None:
            return self._devices.wait_at(now, device, count) or self._accounts.wait_at(now, account, count)
        devices.move_to_end(device)
        accounts.move_to_end(account)
        return of_device.take(now, count) or of_account.take(now, count)

    def short(self, account: AccountId, device: DeviceId) -> float:
        """The seconds until a device may take one; 0 if it may now. Takes nothing."""
        return self._devices.short(device) or self._accounts.short(account)

    def take(self, account: AccountId, device: DeviceId, count: int = 1) -> None:
        """As `wait`, but raises `Refused(RATE_LIMITED)`."""
        if (wait := self.wait(account, device, count)) > 0:
            raise Refused(Code.RATE_LIMITED, retry_after=wait)

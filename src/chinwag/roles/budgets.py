"""How fast one device, one account and one address may go, beside what sends have of their own (`flow/accept.py`).

Buckets are made when they are first used, and the table that holds them is bounded: who says nothing costs nothing.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import msgspec

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.rate import Bucket, Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.throttle import network_of

KEYS: Final = 100_000
"""Buckets kept per budget; the one longest unused goes first, and has filled up again by then."""

WRONG_TOKEN: Final = frozenset({Code.UNAUTHENTICATED, Code.TOKEN_EXPIRED, Code.REVOKED})
"""Refusals of a token that count against the address that shows it: each has cost a signature."""

Now = Callable[[], float]


class BudgetRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rates. Those of a device count for its account as well, `account_share` times as large.

    `strangers` is one address's: requests without a token, and tokens that turn out to be wrong.
    """

    requests: Rate = Rate(50.0, 500)
    marks: Rate = Rate(20.0, 200)
    typing: Rate = Rate(2.0, 10)
    strangers: Rate = Rate(50.0, 2_000)
    account_share: int = 4


class Budget:
    """One rate for each of many keys."""

    def __init__(self, rate: Rate, now: Now = time.monotonic, keys: int = KEYS) -> None:
        self._rate = rate
        self._now = now
        self._keys = keys
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def __len__(self) -> int:
        """Buckets held."""
        return len(self._buckets)

    def wait(self, key: str) -> float:
        """Take one for `key`: 0 if there was one, else the seconds until there is."""
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= self._keys:
                self._buckets.popitem(last=False)
            bucket = self._buckets[key] = Bucket(self._rate, self._now())
        else:
            self._buckets.move_to_end(key)
        return bucket.take(self._now())

    def short(self, key: str) -> float:
        """The seconds until `key` may take one; 0 if it may now. Takes nothing."""
        bucket = self._buckets.get(key)
        return bucket.short(self._now()) if bucket is not None else 0.0

    def take(self, key: str, detail: str = "") -> None:
        """Take one for `key`. Raises `Refused(RATE_LIMITED)` with the seconds to wait."""
        if (wait := self.wait(key)) > 0:
            raise Refused(Code.RATE_LIMITED, detail, wait)


class Shared:
    """One rate for each device, and a larger one for each account."""

    def __init__(self, rate: Rate, share: int, now: Now = time.monotonic) -> None:
        self._devices = Budget(rate, now)
        self._accounts = Budget(Rate(rate.per_second * share, rate.burst * share), now)

    def wait(self, account: AccountId, device: DeviceId) -> float:
        """Take one for a device and its account: 0 if both had one, else the seconds until they may."""
        return self._devices.wait(device) or self._accounts.wait(account)

    def short(self, account: AccountId, device: DeviceId) -> float:
        """The seconds until a device may take one; 0 if it may now. Takes nothing."""
        return self._devices.short(device) or self._accounts.short(account)

    def take(self, account: AccountId, device: DeviceId) -> None:
        """As `wait`, but raises `Refused(RATE_LIMITED)`."""
        if (wait := self.wait(account, device)) > 0:
            raise Refused(Code.RATE_LIMITED, retry_after=wait)


class Budgets:
    """All budgets of one process; its gateway and its API share them."""

    def __init__(self, rules: BudgetRules | None = None, now: Now = time.monotonic) -> None:
        rules = rules or BudgetRules()
        self.requests: Final = Shared(rules.requests, rules.account_share, now)
        self.marks: Final = Shared(rules.marks, rules.account_share, now)
        self.typing: Final = Shared(rules.typing, rules.account_share, now)
        self._strangers = Budget(rules.strangers, now)

    def stranger(self, address: str) -> None:
        """Somebody unknown asks from `address`, or shows a wrong token. Raises `Refused(RATE_LIMITED)`."""
        self._strangers.take(network_of(address), "too much from this address")

    def stranger_short(self, address: str) -> float:
        """The seconds for which a stranger from `address` would be refused; 0 if it would not. Takes nothing."""
        return self._strangers.short(network_of(address))

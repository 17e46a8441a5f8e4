"""How often one may guess: token buckets per name and address, per name, and per address.

Names that do not exist are counted like others. Only wrong guesses count against an address, so that many people
behind one address can work; only the pair of name and address is tight, so that a stranger elsewhere does not lock
the owner out soon.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from chinwag.domain.account import NameKey
from chinwag.domain.address import network_of
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.clock import Clock

TABLE: Final = 100_000
"""Buckets kept per table; the one longest unused goes first."""
ELSEWHERE: Final = 10
"""A name's bucket over all addresses is so many times as large as the one for one address."""


class Buckets:
    """Token buckets by key: `capacity` at once, filling up again within `window_ms`."""

    def __init__(self, capacity: int, window_ms: int, clock: Clock, table: int = TABLE) -> None:
        self._capacity = float(capacity)
        self._per_ms = capacity / window_ms
        self._clock = clock
        self._table = table
        self._levels: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def wait(self, key: str) -> float:
        """Seconds until `key` may take one; 0 if it may now."""
        return max(0.0, (1.0 - self._level(key)) / self._per_ms / 1000)

    def take(self, key: str) -> None:
        """Take one, also from an empty bucket (it stays empty)."""
        self._put(key, max(0.0, self._level(key) - 1.0))

    def give_back(self, key: str) -> None:
        """Undo one `take`."""
        self._put(key, min(self._capacity, self._level(key) + 1.0))

    def __len__(self) -> int:
        return len(self._levels)

    def _level(self, key: str) -> float:
        level, at = self._levels.get(key, (self._capacity, 0))
        return min(self._capacity, level + max(0, self._clock() - at) * self._per_ms)

    def _put(self, key: str, level: float) -> None:
        self._levels[key] = (level, self._clock())
        self._levels.move_to_end(key)
        if len(self._levels) > self._table:
            self._levels.popitem(last=False)


class Attempt:
    """One guess under way; `failed` is what makes it count."""

    def __init__(self) -> None:
        self.wrong = False

    def failed(self) -> None:
        """The guess was wrong."""
        self.wrong = True


class Throttle:
    """The limits of one process. Addresses are those of the people, not of a proxy; empty: not from a network."""

    def __init__(self, clock: Clock, per_account: int, per_address: int, sign_ups: int, window_ms: int) -> None:
        self._pair = Buckets(per_account, window_ms, clock)
        self._name = Buckets(per_account * ELSEWHERE, window_ms, clock)
        self._address = Buckets(per_address, window_ms, clock)
        self._sign_ups = Buckets(sign_ups, window_ms, clock)

    @contextmanager
    def guess(self, name: NameKey, address: str) -> Iterator[Attempt]:
        """Guard one check of a password. Raises `rate_limited` without a check if there were too many wrong ones.

        While it runs it holds its place in the name's buckets, so that a thousand at once are no way round; an
        address is charged afterwards, and what can run at once there is bounded by the line before the hashing.
        """
        network = network_of(address)
        pair = f"{network} {name}"
        wait = max(self._pair.wait(pair), self._name.wait(name), self._address.wait(network) if network else 0.0)
        if wait > 0:
            raise Refused(Code.RATE_LIMITED, "too many wrong passwords", wait)
        self._pair.take(pair)
        self._name.take(name)
        attempt = Attempt()
        try:
            yield attempt
        finally:
            if not attempt.wrong:
                self._pair.give_back(pair)
                self._name.give_back(name)
            elif network:
                self._address.take(network)

    def sign_up(self, address: str) -> None:
        """Count one request to sign up. Raises `rate_limited`."""
        network = network_of(address)
        if not network:
            return
        if (wait := self._sign_ups.wait(network)) > 0:
            raise Refused(Code.RATE_LIMITED, "too many accounts from this address", wait)
        self._sign_ups.take(network)

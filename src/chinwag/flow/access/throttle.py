"""How often one may guess: token buckets per name and address, per name, and per address.

Names that do not exist are counted like others. Only wrong guesses count against an address, so that many people
behind one address can work; only the pair of name and address is tight, so that a stranger elsewhere does not lock
the owner out soon. And an owner who comes from where it has logged in before is never locked out by anybody else.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from chinwag.domain.account import NameKey
from chinwag.domain.address import networks_of
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.claimant import Claimant
from chinwag.flow.clock import Clock

TABLE: Final = 100_000
"""Buckets kept per table; the one longest unused goes first."""
WIDTHS: Final = 3
"""Networks around an address that are counted by, see `networks_of`."""
WIDER: Final = 2
"""How much more a network may do than the one within it."""
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
    """The limits of one process. Addresses are those of the people, not of a proxy; empty: not from a network.

    What one address may do, the networks around it may do a few times, each twice as often as the one within it: so
    many addresses in one hand are no way to lock somebody out, and those who share a network are not one another's.
    """

    def __init__(self, clock: Clock, per_account: int, per_address: int, sign_ups: int, window_ms: int) -> None:
        self._pair = _Wider(per_account, window_ms, clock)
        self._known = Buckets(per_account, window_ms, clock)
        self._name = Buckets(per_account * ELSEWHERE, window_ms, clock)
        self._address = _Wider(per_address, window_ms, clock)
        self._sign_ups = _Wider(sign_ups, window_ms, clock)

    @contextmanager
    def guess(self, name: NameKey, claimant: Claimant) -> Iterator[Attempt]:
        """Guard one check of a password. Raises `rate_limited` without a check if there were too many wrong ones.

        A known claimant's guesses count by themselves alone, whatever strangers do. While a check runs it holds
        its place in the name's buckets, so that a thousand at once are no way round; an address is charged afterwards,
        and what can run at once there is bounded by the line before the hashing.
        """
        if claimant.known:
            places = [(self._known, f"{claimant.known} {name}")]
            charged = []
        else:
            places = [*self._pair.places(claimant.networks or ("",), f" {name}"), (self._name, str(name))]
            charged = self._address.places(claimant.networks)
        if (wait := max(buckets.wait(key) for buckets, key in (*places, *charged))) > 0:
            raise Refused(Code.RATE_LIMITED, "too many wrong passwords", wait)
        for buckets, key in places:
            buckets.take(key)
        attempt = Attempt()
        try:
            yield attempt
        finally:
            for buckets, key in charged if attempt.wrong else places:
                (buckets.take if attempt.wrong else buckets.give_back)(key)

    def sign_up(self, address: str) -> None:
        """Count one request to sign up. Raises `rate_limited`."""
        places = self._sign_ups.places(networks_of(address))
        if places and (wait := max(buckets.wait(key) for buckets, key in places)) > 0:
            raise Refused(Code.RATE_LIMITED, "too many accounts from this address", wait)
        for buckets, key in places:
            buckets.take(key)


class _Wider:
    """Buckets for networks, one table a width, each twice as large as the one before."""

    def __init__(self, capacity: int, window_ms: int, clock: Clock) -> None:
        self._tables = [Buckets(capacity * WIDER**width, window_ms, clock) for width in range(WIDTHS)]

    def places(self, networks: Sequence[str], more: str = "") -> list[tuple[Buckets, str]]:
        """Where to look and to take for `networks`, the narrowest first. more: what the keys name besides."""
        return [(table, network + more) for table, network in zip(self._tables, networks, strict=False)]

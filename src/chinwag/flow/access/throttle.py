"""How often one may guess: token buckets per name and address, per name, and per address.

Names that do not exist are counted like others. Only wrong guesses count against an address, so that many people
behind one address can work; only the pair of name and address is tight, so that a stranger elsewhere does not lock
the owner out soon. And an owner who comes from where it has logged in before is never locked out by anybody else.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from chinwag.domain.account import NameKey
from chinwag.domain.address import networks_of
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.claimant import Claimant
from chinwag.flow.clock import Clock
from chinwag.ports.allowances import Allowance, Allowances

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


class OwnAllowances:
    """`Allowances` of one process, which counts alone: in memory, a bounded table a kind."""

    def __init__(self, clock: Clock, window_ms: int) -> None:
        self._clock = clock
        self._window_ms = window_ms
        self._tables: dict[tuple[str, int], Buckets] = {}

    async def take(self, taken: Sequence[Allowance], also: Sequence[Allowance] = ()) -> float:
        wait = max((self._table(one).wait(one.key) for one in (*taken, *also)), default=0.0)
        if not wait:
            await self.spend(taken)
        return wait

    async def give_back(self, given: Sequence[Allowance]) -> None:
        for one in given:
            self._table(one).give_back(one.key)

    async def spend(self, spent: Sequence[Allowance]) -> None:
        for one in spent:
            self._table(one).take(one.key)

    def _table(self, one: Allowance) -> Buckets:
        """Kinds and figures are the server's own, and few."""
        kind = one.kind, one.most
        if kind not in self._tables:
            self._tables[kind] = Buckets(one.most, self._window_ms, self._clock)
        return self._tables[kind]


class Throttle:
    """Who may guess and sign up. Addresses are those of the people, not of a proxy; empty: not from a network.

    What one address may do, the networks around it may do a few times, each twice as often as the one within it: so
    many addresses in one hand are no way to lock somebody out, and those who share a network are not one another's.
    """

    def __init__(self, allowances: Allowances, per_account: int, per_address: int, sign_ups: int) -> None:
        self._allowances = allowances
        self._per_account = per_account
        self._per_address = per_address
        self._sign_ups = sign_ups

    @asynccontextmanager
    async def guess(self, name: NameKey, claimant: Claimant) -> AsyncIterator[Attempt]:
        """Guard one check of a password. Raises `rate_limited` without a check if there were too many wrong ones, and
        `unavailable`.

        A known claimant's guesses count by themselves alone, whatever strangers do. While a check runs it holds
        its place in the name's buckets, so that a thousand at once are no way round; an address is charged afterwards,
        and what can run at once there is bounded by the line before the hashing.
        """
        if claimant.known:
            places = [Allowance("known", f"{claimant.known} {name}", self._per_account)]
            charged = []
        else:
            pair = _wider("pair", claimant.networks or ("",), self._per_account, f" {name}")
            places = [*pair, Allowance("name", str(name), self._per_account * ELSEWHERE)]
            charged = _wider("address", claimant.networks, self._per_address)
        if (wait := await self._allowances.take(places, charged)) > 0:
            raise Refused(Code.RATE_LIMITED, "too many wrong passwords", wait)
        attempt = Attempt()
        try:
            yield attempt
        finally:
            if attempt.wrong:
                await self._allowances.spend(charged)
            else:
                await self._allowances.give_back(places)

    async def sign_up(self, address: str) -> None:
        """Count one request to sign up. Raises `rate_limited`, `unavailable`."""
        if (wait := await self._allowances.take(_wider("sign up", networks_of(address), self._sign_ups))) > 0:
            raise Refused(Code.RATE_LIMITED, "too many accounts from this address", wait)


def _wider(kind: str, networks: Sequence[str], most: int, more: str = "") -> list[Allowance]:
    """Those of `networks`, the narrowest first, each twice as large as the one before. more: what the keys name
    besides."""
    return [
        Allowance(f"{kind} {width}", network + more, most * WIDER**width)
        for width, network in enumerate(networks[:WIDTHS])
    ]

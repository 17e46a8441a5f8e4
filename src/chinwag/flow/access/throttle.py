"""How often one may guess: token buckets per name and address, per name, and per address.

Names that do not exist are counted like others. Only wrong guesses count against an address, so that many people
behind one address can work; only the pair of name and address is tight, so that a stranger elsewhere does not lock
the owner out soon. And an owner who comes from where it has logged in before is never locked out by anybody else.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from chinwag.domain.account import NameKey
from chinwag.domain.address import networks_of
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.claimant import Claimant
from chinwag.ports.allowances import Allowance, Allowances

WINDOW_MS: Final = 900_000
"""Within it everything is there again, unless a server's owner says else."""
WIDTHS: Final = 3
"""Networks around an address that are counted by, see `networks_of`."""
WIDER: Final = 2
"""How much more a network may do than the one within it."""
ELSEWHERE: Final = 10
"""A name's bucket over all addresses is so many times as large as the one for one address."""

SET_OUTS: Final = 1_000
"""So many may set out for a provider from one address at once, and as many again within 15 minutes."""


class Attempt:
    """One guess under way; `failed` is what makes it count."""

    def __init__(self) -> None:
        self.wrong = False

    def failed(self) -> None:
        """The guess was wrong."""
        self.wrong = True


class Throttle:
    """Who may guess and sign up. Addresses are those of the people, not of a proxy; empty: not from a network.

    What one address may do, the networks around it may do a few times, each twice as often as the one within it: so
    many addresses in one hand are no way to lock somebody out, and those who share a network are not one another's.
    """

    def __init__(
        self, allowances: Allowances, per_account: int, per_address: int, sign_ups: int, window_ms: int = WINDOW_MS
    ) -> None:
        """So many at once, which are there again after `window_ms`."""
        self._allowances = allowances
        self._per_account = per_account
        self._per_address = per_address
        self._sign_ups = sign_ups
        self._window_seconds = window_ms / 1000

    @asynccontextmanager
    async def guess(self, name: NameKey, claimant: Claimant) -> AsyncIterator[Attempt]:
        """Guard one check of a password. Raises `rate_limited` without a check if there were too many wrong ones, and
        `unavailable`.

        A known claimant's guesses count by themselves alone, whatever strangers do. While a check runs it holds
        its place in the name's buckets, so that a thousand at once are no way round; an address is charged afterwards,
        and what can run at once there is bounded by the line before the hashing.
        """
        if claimant.known:
            places = [self._one("known", f"{claimant.known} {name}", self._per_account)]
            charged = []
        else:
            pair = self._wider("pair", claimant.networks or ("",), self._per_account, f" {name}")
            places = [*pair, self._one("name", str(name), self._per_account * ELSEWHERE)]
            charged = self._wider("address", claimant.networks, self._per_address)
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
        if (wait := await self._allowances.take(self._wider("sign up", networks_of(address), self._sign_ups))) > 0:
            raise Refused(Code.RATE_LIMITED, "too many accounts from this address", wait)

    async def set_out(self, address: str) -> None:
        """Count somebody who sets out for a provider: each holds a place until they are back or it is too old, and no
        network may hold all of them. Raises `rate_limited`, `unavailable`."""
        places = [
            Allowance(f"set out {width}", network, Rate(SET_OUTS * WIDER**width / 900, SET_OUTS * WIDER**width))
            for width, network in enumerate(networks_of(address)[:WIDTHS])
        ]
        if (wait := await self._allowances.take(places)) > 0:
            raise Refused(Code.RATE_LIMITED, "too many set out from this address", wait)

    def _wider(self, kind: str, networks: Sequence[str], most: int, more: str = "") -> list[Allowance]:
        """Those of `networks`, the narrowest first, each twice as large as the one before. more: what the keys name
        besides."""
        return [
            self._one(f"{kind} {width}", network + more, most * WIDER**width)
            for width, network in enumerate(networks[:WIDTHS])
        ]

    def _one(self, kind: str, key: str, most: int) -> Allowance:
        return Allowance(kind, key, Rate(most / self._window_seconds, most))

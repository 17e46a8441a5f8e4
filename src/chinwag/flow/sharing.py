"""Who shares what: how far it has read, whether it is online, that it writes. The account's own settings say it.

They lie in the directory, and are kept for a moment, as signals ask for the same accounts again and again.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Collection
from typing import Final, Literal, Protocol

from chinwag.domain.account import AccountSettings
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.directory import PAGE_MAX, Directory

SECONDS: Final = 5.0
"""How long what is known of an account counts: a change holds so much later at most."""
WAIT: Final = 2.0
"""How long to wait for the directory, and to do without it once it failed; in seconds."""
NOTHING: Final = AccountSettings(share_read=False, share_last_seen=False, share_typing=False)
"""What an account shares that is not in the directory."""
KEPT: Final = 100_000
"""Accounts of which it is remembered: those looked up longest ago go first."""

What = Literal["share_read", "share_last_seen", "share_typing"]


class Keeping(Protocol):
    """Those of some accounts who keep something to themselves, and are to be told of nobody else's."""

    async def __call__(
        self, what: What, accounts: Collection[AccountId], *, now: bool = False, unknown: set[AccountId] | None = None
    ) -> frozenset[AccountId]:
        """Those of whom nothing is known are among them. now: as it is at this moment, and not as it was a moment ago.
        unknown: takes up those of whom nothing is known, the directory being away."""
        ...


async def nobody_keeps(
    what: What, accounts: Collection[AccountId], *, now: bool = False, unknown: set[AccountId] | None = None
) -> frozenset[AccountId]:
    """Everybody shares everything."""
    del what, accounts, now, unknown
    return frozenset()


async def shown_reads(keeping: Keeping, account: AccountId) -> bool:
    """Whether `account` is shown how far others have read, as it has chosen at this moment. Raises `unavailable` while
    that is not known: what was shown cannot be taken back, and what was left out would never be told."""
    unknown = set[AccountId]()
    keeps = account in await keeping("share_read", (account,), now=True, unknown=unknown)
    if unknown:
        raise Refused(Code.UNAVAILABLE, "what the account shares is not known just now", 1.0)
    return not keeps


class Sharing:
    """Asks for many accounts at once. With the directory away what was known last counts; who is not known shares
    nothing then, as one cannot take back what was told."""

    def __init__(self, directory: Directory, kept: int = KEPT) -> None:
        self._directory = directory
        self._kept = kept
        self._known: OrderedDict[AccountId, tuple[float, AccountSettings]] = OrderedDict()
        self._away_until = 0.0

    async def keeping(
        self, what: What, accounts: Collection[AccountId], *, now: bool = False, unknown: set[AccountId] | None = None
    ) -> frozenset[AccountId]:
        """Those of `accounts` who keep `what` to themselves, and are to be told of nobody else's. See `Keeping`."""
        at = time.monotonic()
        stale = [one for one in accounts if now or (held := self._known.get(one)) is None or held[0] <= at]
        if stale and at >= self._away_until:
            await self._look(stale)
        if unknown is not None:
            unknown.update(one for one in accounts if one not in self._known)
        return frozenset(one for one in accounts if not self._shares(one, what))

    def _shares(self, account: AccountId, what: What) -> bool:
        held = self._known.get(account)
        return held is not None and bool(getattr(held[1], what))

    async def _look(self, accounts: list[AccountId]) -> None:
        try:
            async with asyncio.timeout(WAIT), self._directory.reading() as directory:
                for first in range(0, len(accounts), PAGE_MAX):
                    asked = accounts[first : first + PAGE_MAX]
                    found = {one.id: one.settings for one in await directory.accounts.many(asked)}
                    for account in asked:
                        self._keep(account, found.get(account, NOTHING))
        except (Refused, TimeoutError):
            self._away_until = time.monotonic() + WAIT

    def _keep(self, account: AccountId, settings: AccountSettings) -> None:
        self._known.pop(account, None)
        self._known[account] = (time.monotonic() + SECONDS, settings)
        while len(self._known) > self._kept:
            self._known.popitem(last=False)

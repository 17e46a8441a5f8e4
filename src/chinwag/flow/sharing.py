"""Who shares what: whether it is online, that it writes. The account's own settings say it.

They lie in the directory, and are kept for a moment, as signals ask for the same accounts again and again.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection
from typing import Final, Literal

from chinwag.domain.account import AccountSettings
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Refused
from chinwag.ports.directory import PAGE_MAX, Directory

SECONDS: Final = 5.0
"""How long what is known of an account counts: a change holds so much later at most."""
WAIT: Final = 2.0
"""How long to wait for the directory, and to do without it once it failed."""
KEPT: Final = 100_000
"""Accounts of which it is remembered: those looked up longest ago go first."""

What = Literal["share_last_seen", "share_typing"]
Keeping = Callable[[What, Collection[AccountId]], Awaitable[frozenset[AccountId]]]
"""Those of some accounts who keep something to themselves, and are to be told of nobody else's."""


async def nobody_keeps(what: What, accounts: Collection[AccountId]) -> frozenset[AccountId]:
    """Everybody shares everything."""
    del what, accounts
    return frozenset()


class Sharing:
    """Asks for many accounts at once. With the directory away what was known last counts; who is not known shares
    nothing then, as one cannot take back what was told."""

    def __init__(self, directory: Directory, kept: int = KEPT) -> None:
        self._directory = directory
        self._kept = kept
        self._known: OrderedDict[AccountId, tuple[float, AccountSettings]] = OrderedDict()
        self._away_until = 0.0

    async def keeping(self, what: What, accounts: Collection[AccountId]) -> frozenset[AccountId]:
        """Those of `accounts` who keep `what` to themselves, and are to be told of nobody else's."""
        now = time.monotonic()
        stale = [one for one in accounts if (held := self._known.get(one)) is None or held[0] <= now]
        if stale and now >= self._away_until:
            await self._look(stale)
        return frozenset(one for one in accounts if not self._shares(one, what))

    def _shares(self, account: AccountId, what: What) -> bool:
        held = self._known.get(account)
        return held is not None and bool(getattr(held[1], what))

    async def _look(self, accounts: list[AccountId]) -> None:
        try:
            async with asyncio.timeout(WAIT), self._directory.reading() as directory:
                for first in range(0, len(accounts), PAGE_MAX):
                    for one in await directory.accounts.many(accounts[first : first + PAGE_MAX]):
                        self._keep(one.id, one.settings)
        except (Refused, TimeoutError):
            self._away_until = time.monotonic() + WAIT

    def _keep(self, account: AccountId, settings: AccountSettings) -> None:
        self._known.pop(account, None)
        self._known[account] = (time.monotonic() + SECONDS, settings)
        while len(self._known) > self._kept:
            self._known.popitem(last=False)

"""Who is told of an account's presence, and who may ask for it."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import islice
from typing import Final

from chinwag.domain.ids import AccountId, ConversationId, direct_id
from chinwag.domain.refusal import Refused
from chinwag.flow.sharing import Keeping, nobody_keeps
from chinwag.ports.message_store import MessageStore

TOLD_MAX: Final = 2_000
"""Accounts told of one account's presence: friends come first."""
CACHE_SECONDS: Final = 10.0
CACHE_ACCOUNTS: Final = 200_000
"""Accounts that all cached audiences together name."""
APART_ACCOUNTS: Final = 20_000
"""Accounts with blocks that are remembered for when the directory is away."""
FRIENDS_SECONDS: Final = 2.0
"""How long to wait for the directory, and how long to do without it once it failed."""

Friends = Callable[[AccountId], Awaitable[Iterable[AccountId]]]
"""An account's friends, or those around it whom a block keeps apart; raises `Refused(UNAVAILABLE)` while the directory
is away."""


async def nobody(_: AccountId) -> Iterable[AccountId]:
    """Nobody at all."""
    return ()


class Audience:
    """Finds the people around an account: its friends and those with whom it shares a conversation, but nobody whom a
    block keeps apart from it.

    With the directory away, friends are not known (P14 of docs/guarantees.md), and of blocks the last known.
    """

    def __init__(
        self,
        messages: MessageStore,
        friends: Friends,
        clock: Callable[[], float] = time.monotonic,
        *,
        apart: Friends = nobody,
        keeping: Keeping = nobody_keeps,
    ) -> None:
        """`clock` in seconds, never stepping back. apart: those with whom an account has a block, of either side.
        keeping: who shares its presence with nobody, and is told of nobody's."""
        self._messages = messages
        self._friends_of = friends
        self._apart_of = apart
        self._keeping = keeping
        self._apart: OrderedDict[AccountId, frozenset[AccountId]] = OrderedDict()
        self._clock = clock
        self._cache: OrderedDict[AccountId, tuple[float, frozenset[AccountId]]] = OrderedDict()
        self._cached = 0
        self._friends_away_until = 0.0

    async def of(self, account: AccountId) -> frozenset[AccountId]:
        """Friends of `account`, members of its groups of at most `LARGE`, partners of its direct conversations, itself.

        At most `TOLD_MAX`, and up to `CACHE_SECONDS` old. Raises `Refused(UNAVAILABLE)` with the store away.
        """
        if await self._keeping("share_last_seen", (account,)):
            return frozenset({account})
        found = self._cache.get(account)
        if found is not None and self._clock() < found[0]:
            return found[1]
        apart = await self._kept_apart(account)
        told = {account}
        told.update(islice(await self._friends(account), TOLD_MAX - 1))
        if len(told) < TOLD_MAX:
            companions = await self._messages.companions(account, TOLD_MAX + len(apart))
            told.update(islice(companions - told - apart, TOLD_MAX - len(told)))
        audience = frozenset(told) - apart
        audience -= await self._keeping("share_last_seen", audience)
        self._remember(account, audience)
        return audience

    async def may_ask(self, asker: AccountId, accounts: Sequence[AccountId]) -> set[AccountId]:
        """Those of `accounts` of whose presence `asker` may know: its audience, and members of larger groups."""
        apart = await self._kept_apart(asker)  # asked for anew: somebody who has just blocked is no longer seen
        wanted = set(accounts) - apart
        keep = await self._keeping("share_last_seen", wanted | {asker})
        wanted = wanted & {asker} if asker in keep else wanted - keep
        allowed = wanted & await self.of(asker)
        if allowed == wanted:
            return allowed
        own = set(await self._present_in(asker))
        for other in wanted - allowed:
            shared = own.intersection(await self._present_in(other))
            direct = direct_id(asker, other)
            if shared - {direct} or (direct in shared and await self._open(direct)):
                allowed.add(other)
        return allowed

    async def _friends(self, account: AccountId) -> Iterable[AccountId]:
        now = self._clock()
        if now < self._friends_away_until:
            return ()
        try:
            async with asyncio.timeout(FRIENDS_SECONDS):
                return await self._friends_of(account)
        except (Refused, TimeoutError):
            # Others need not find out by waiting, too.
            self._friends_away_until = self._clock() + FRIENDS_SECONDS
            return ()

    async def _kept_apart(self, account: AccountId) -> frozenset[AccountId]:
        """Those whom a block keeps apart from `account`; with the directory away as known last."""
        if self._clock() < self._friends_away_until:
            return self._apart.get(account, frozenset())
        try:
            async with asyncio.timeout(FRIENDS_SECONDS):
                apart = frozenset(await self._apart_of(account))
        except (Refused, TimeoutError):
            self._friends_away_until = self._clock() + FRIENDS_SECONDS
            return self._apart.get(account, frozenset())
        self._apart.pop(account, None)
        if apart:
            self._apart[account] = apart
            if len(self._apart) > APART_ACCOUNTS:
                self._apart.popitem(last=False)
        return apart

    async def _open(self, direct: ConversationId) -> bool:
        state = (await self._messages.states([direct]))[0]
        return state is not None and not state.declining

    async def _present_in(self, account: AccountId) -> list[ConversationId]:
        spans = await self._messages.memberships(account)
        return list(dict.fromkeys(span.conversation for span in spans if span.last is None))

    def forget_old(self) -> None:
        """Let go of audiences that would be looked up anew in any case. Call it from time to time."""
        now = self._clock()
        while self._cache and next(iter(self._cache.values()))[0] <= now:
            self._drop_first()

    def _remember(self, account: AccountId, audience: frozenset[AccountId]) -> None:
        earlier = self._cache.pop(account, None)
        if earlier is not None:
            self._cached -= len(earlier[1])
        self._cache[account] = (self._clock() + CACHE_SECONDS, audience)
        self._cached += len(audience)
        while self._cached > CACHE_ACCOUNTS:
            self._drop_first()

    def _drop_first(self) -> None:
        _, (_, audience) = self._cache.popitem(last=False)
        self._cached -= len(audience)

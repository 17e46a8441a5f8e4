"""Whom somebody has met: the members of its latest conversations, kept for a minute."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from chinwag.domain.ids import AccountId
from chinwag.flow.budget import Now
from chinwag.flow.membership_of import in_state
from chinwag.flow.own_conversations import OwnConversations

CONVERSATIONS: Final = 50
"""The latest ones that are looked at."""
MOST: Final = 1_000
"""Acquaintances of one account, those of its latest conversations first."""
SECONDS: Final = 60.0
"""How long they are kept: who has just been met is found so much later."""
KEPT: Final = 100_000
"""Ids kept in all: those looked up longest ago go first."""
_PAGES: Final = 4
"""A page may come with fewer than asked for: so many are read at most."""


class Acquaintances:
    """Those of all accounts, as far as anybody asked."""

    def __init__(self, own: OwnConversations, now: Now = time.monotonic, kept: int = KEPT) -> None:
        self._own = own
        self._now = now
        self._kept = kept
        self._ids = 0
        self._found: OrderedDict[AccountId, tuple[float, Sequence[AccountId]]] = OrderedDict()

    @property
    def ids(self) -> int:
        """Ids held."""
        return self._ids

    async def of(self, account: AccountId) -> Sequence[AccountId]:
        """The present members of the latest conversations that `account` is in, itself left out, the latest first."""
        held = self._found.get(account)
        if held is not None and held[0] > self._now():
            return held[1]
        looked = await self._look(account)
        self._keep(account, looked)
        return looked

    async def _look(self, account: AccountId) -> Sequence[AccountId]:
        met: dict[AccountId, None] = {}
        before: str | None = None
        left = CONVERSATIONS
        for _ in range(_PAGES):
            page, before = await self._own.page(account, before, left)
            left -= len(page)
            for own in page:
                # Who has left learns no longer who is there; and in a wide group one has not met everybody.
                if not own.state.wide and in_state(own.state, account):
                    met.update(dict.fromkeys(own.state.members))
            if before is None or left <= 0 or len(met) > MOST:
                break
        met.pop(account, None)
        return tuple(met)[:MOST]

    def _keep(self, account: AccountId, looked: Sequence[AccountId]) -> None:
        earlier = self._found.pop(account, None)
        self._ids -= 0 if earlier is None else _size(earlier[1])
        self._found[account] = (self._now() + SECONDS, looked)
        self._ids += _size(looked)
        while self._ids > self._kept:
            self._ids -= _size(self._found.popitem(last=False)[1][1])


def _size(looked: Sequence[AccountId]) -> int:
    return 1 + len(looked)

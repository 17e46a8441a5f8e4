"""Where groups are now, for whoever watches them: read once a group and second, however many ask."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from chinwag.domain.ids import ConversationId
from chinwag.domain.mentions import ALL
from chinwag.domain.views import GroupHead
from chinwag.flow.states import FRESH_SECONDS, States
from chinwag.flow.together import Together
from chinwag.ports.message_store import MessageStore

KEPT: Final = 10_000
"""Heads kept, the newest."""


class Heads:
    """Of groups. Whether somebody may know them is the caller's to see to. Made on the event loop."""

    def __init__(self, store: MessageStore, states: States, now: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._states = states
        self._now = now
        self._kept: OrderedDict[ConversationId, tuple[float, GroupHead]] = OrderedDict()
        self._together = Together(self._read)

    async def of(self, conversations: Sequence[ConversationId]) -> list[GroupHead]:
        """The heads of those that have begun, a second old at most. Raises `Refused(UNAVAILABLE)`."""
        since = self._now() - FRESH_SECONDS
        found: dict[ConversationId, GroupHead | None] = {}
        for name in conversations:
            kept = self._kept.get(name)
            found[name] = kept[1] if kept is not None and kept[0] >= since else None
        missing = [name for name, head in found.items() if head is None]
        found.update(zip(missing, await asyncio.gather(*map(self._together.ask, missing)), strict=True))
        return [head for head in found.values() if head is not None]

    async def _read(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, GroupHead | None]:
        asked_at = self._now()
        found: dict[ConversationId, GroupHead | None] = dict.fromkeys(conversations)
        for name, state in zip(conversations, await self._states.load(conversations), strict=True):
            if state is None:
                continue
            rows = await self._store.mentions([ALL], name, 0, 1) if state.large else ()
            newest = max((row.number for row in rows if row.since <= state.head), default=0)
            head = GroupHead(name, state.head, state.ordinal, state.last_shown, newest, state.large)
            found[name] = head
            self._kept[name] = asked_at, head
            self._kept.move_to_end(name)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found

"""States of conversations as the roles see them: cached, and at most a second old, or what the caller bears."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import ConversationId
from chinwag.flow.state_cache import StateCache
from chinwag.ports.message_store import MessageStore

CACHED_BYTES: Final = 100 << 20
"""What all cached states take together."""
FRESH_SECONDS: Final = 1.0
"""How stale a state may be by which somebody is refused, or which tells whom a signal concerns."""
PASSED_SECONDS: Final = 60.0
"""How stale a state may be that lets a member's send pass: the worker decides upon the true one."""


class States:
    """A bounded cache over `MessageStore.states`. A conversation that has not begun is not cached."""

    def __init__(
        self,
        store: MessageStore,
        *,
        cached_bytes: int = CACHED_BYTES,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._now = now
        self._cached = StateCache(cached_bytes)

    def peek(
        self, conversation: ConversationId, now: float | None = None, most: float = FRESH_SECONDS
    ) -> Conversation | None:
        """The cached state, if it is fresh. now: from a caller that has just looked at the same clock. most: how many
        seconds old it may be."""
        held = self._cached.held(conversation)
        if held is None or (self._now() if now is None else now) - held[0] > most:
            return None
        return held[1]

    async def get(self, conversation: ConversationId) -> Conversation | None:
        """The state, at most `FRESH_SECONDS` old; None if the conversation has not begun."""
        return self.peek(conversation) or (await self.load([conversation]))[0]

    async def load(self, conversations: Sequence[ConversationId]) -> list[Conversation | None]:
        """The states as they are now, past the cache (and into it). Raises `Refused(UNAVAILABLE)`."""
        asked_at = self._now()
        states = await self._store.states(conversations)
        for conversation, state in zip(conversations, states, strict=True):
            if state is None:
                self._cached.drop(conversation)
            else:
                self._cached.put(state, asked_at)
        self._cached.trim()
        return states

"""When it was last said of a conversation that somebody is writing there: not with every key."""

from typing import Final

from chinwag.wire.values import ConversationId

TYPING_SECONDS: Final = 3.0
"""It is said again after so long."""
_KEPT: Final = 1_000


class Typed:
    """Of the conversations of one device."""

    def __init__(self) -> None:
        self._said: dict[ConversationId, float] = {}

    def is_due(self, conversation: ConversationId, now: float) -> bool:
        """Whether it is to be said at `now`, in seconds; it counts as said then."""
        if now - self._said.get(conversation, -TYPING_SECONDS) < TYPING_SECONDS:
            return False
        if len(self._said) >= _KEPT:
            self._said.clear()
        self._said[conversation] = now
        return True

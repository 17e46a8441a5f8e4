"""What a device of a storm holds of its conversations: there are many devices, so it is little."""

from collections.abc import Iterable
from typing import Final

from chinwag.client.events import Unknown
from chinwag.client.mirror import Mirror
from chinwag.wire.values import ConversationId, NumberedEvent

CACHED: Final = 12
"""Messages and notices that a device holds of each conversation, up to twice as many for a while."""


class LeanMirror(Mirror):
    """A mirror that caches the newest messages alone: histories are read afresh at the end."""

    def keep(
        self,
        conversation: ConversationId,
        events: Iterable[NumberedEvent | Unknown],
        head: int | None = None,
        turn: int = 0,
    ) -> None:
        """Cache some; beyond twice `CACHED` the oldest go."""
        super().keep(conversation, events, head, turn)
        held = self.conversations.get(conversation)
        if held is not None and len(held.messages) > 2 * CACHED:
            newest = sorted(held.messages)[-CACHED:]
            held.messages = {number: held.messages[number] for number in newest}
            held.stale &= held.messages.keys()
            held.reactions = {number: one for number, one in held.reactions.items() if number in held.messages}
            held.loaded = [(max(first, newest[0]), last) for first, last in held.loaded if last >= newest[0]]

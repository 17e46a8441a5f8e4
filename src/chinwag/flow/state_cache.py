"""States kept in memory, bounded by the bytes in them: a group of five hundred weighs more than a pair."""

from collections import OrderedDict
from typing import Final

from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import ConversationId

STATE_BYTES: Final = 1_000
MEMBER_BYTES: Final = 300
"""What a state takes by itself, and for each member."""
NAMED_BYTES: Final = 150
"""For each account that it names besides."""
CHARACTER_BYTES: Final = 4
"""For each character of its texts, at most."""


def weight(state: Conversation) -> int:
    """About as many bytes as `state` takes in memory, rather more than fewer."""
    return (
        STATE_BYTES
        + MEMBER_BYTES * len(state.members)
        + NAMED_BYTES * (len(state.barred) + len(state.declining) + 2 * len(state.heeded))
        + CHARACTER_BYTES * (len(state.title) + len(state.settings.description))
    )


class StateCache:
    """The states put last, each with the time it is from. Nothing goes before `trim` is called."""

    def __init__(self, most: int) -> None:
        """`most`: bytes that the states may take together."""
        self._most = most
        self._weight = 0
        self._states: OrderedDict[ConversationId, tuple[float, Conversation, int]] = OrderedDict()
        self.held: Final = self._states.get
        """Of a conversation: the state after the time that was put with it, and before what it weighs."""
        self.wide: Final[set[ConversationId]] = set()
        """Those whose members are not in their state."""

    def __len__(self) -> int:
        return len(self._states)

    def __contains__(self, conversation: object) -> bool:
        return conversation in self._states

    def get(self, conversation: ConversationId) -> Conversation | None:
        """The state, however old."""
        held = self._states.get(conversation)
        return None if held is None else held[1]

    def put(self, state: Conversation, at: float = 0.0) -> None:
        """Keep `state`, as the last to go."""
        self.drop(state.id)
        weighs = weight(state)
        self._states[state.id] = (at, state, weighs)
        if state.wide:
            self.wide.add(state.id)
        self._weight += weighs

    def drop(self, conversation: ConversationId) -> None:
        """Forget one."""
        held = self._states.pop(conversation, None)
        if held is not None:
            self._weight -= held[2]
            if held[1].wide:
                self.wide.discard(conversation)

    def trim(self) -> None:
        """Forget those put longest ago, until the bound holds."""
        while self._weight > self._most and self._states:
            self.drop(next(iter(self._states)))

    def clear(self) -> None:
        """Forget all."""
        self._states.clear()
        self.wide.clear()
        self._weight = 0

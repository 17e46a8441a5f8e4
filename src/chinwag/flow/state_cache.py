"""States kept in memory, bounded by the members in them: a group of five hundred weighs more than a pair."""

from collections import OrderedDict
from typing import Final

from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import ConversationId

OVERHEAD: Final = 5
"""What a state weighs besides its members, in members."""


class StateCache:
    """The states put last, each with the time it is from. Nothing goes before `trim` is called."""

    def __init__(self, members: int) -> None:
        """`members`: how many members the states may have together, about 200 bytes each."""
        self._most = members
        self._weight = 0
        self._states: OrderedDict[ConversationId, tuple[float, Conversation]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._states)

    def __contains__(self, conversation: object) -> bool:
        return conversation in self._states

    def get(self, conversation: ConversationId) -> Conversation | None:
        """The state, however old."""
        held = self._states.get(conversation)
        return None if held is None else held[1]

    def held(self, conversation: ConversationId) -> tuple[float, Conversation] | None:
        """The state with the time that was put with it."""
        return self._states.get(conversation)

    def put(self, state: Conversation, at: float = 0.0) -> None:
        """Keep `state`, as the last to go."""
        self.drop(state.id)
        self._states[state.id] = (at, state)
        self._weight += len(state.members) + OVERHEAD

    def drop(self, conversation: ConversationId) -> None:
        """Forget one."""
        held = self._states.pop(conversation, None)
        if held is not None:
            self._weight -= len(held[1].members) + OVERHEAD

    def trim(self) -> None:
        """Forget those put longest ago, until the bound holds."""
        while self._weight > self._most and self._states:
            self.drop(next(iter(self._states)))

    def clear(self) -> None:
        """Forget all."""
        self._states.clear()
        self._weight = 0

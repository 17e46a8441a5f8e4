"""States kept in memory, bounded by the bytes in them: a group of five hundred weighs more than a pair."""

from collections import OrderedDict
from typing import Final

from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import AccountId, ConversationId

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


class Room:
    """Bytes that the states of several caches take together, at most: that of the heaviest goes first."""

    def __init__(self, most: int) -> None:
        self.weight = 0
        self._most = most
        self._caches: list[StateCache] = []

    def take(self, cache: "StateCache") -> None:
        """A cache has its states in here from now on."""
        self._caches.append(cache)

    def trim(self) -> None:
        """Let caches that nobody works with forget what was put there longest ago, until the bound holds."""
        while self.weight > self._most:
            heaviest = max((one for one in self._caches if not one.working), key=StateCache.weighs, default=None)
            if heaviest is None or not len(heaviest):
                return
            heaviest.shed(self.weight - self._most)


class StateCache:
    """The states put last, each with the time it is from. Nothing goes before `trim` is called."""

    def __init__(self, most: int | Room) -> None:
        """`most`: bytes that the states may take together; those of several caches, if it is a room for them all."""
        self.working = False
        """Whether somebody relies on what is here: then no other cache's `trim` takes anything away."""
        self._room = Room(most) if isinstance(most, int) else most
        self._room.take(self)
        self._weight = 0
        self._states: OrderedDict[ConversationId, tuple[float, Conversation, int]] = OrderedDict()
        self.held: Final = self._states.get
        """Of a conversation: the state after the time that was put with it, and before what it weighs."""
        self.wide: Final[set[ConversationId]] = set()
        """Those whose members are not in their state."""
        self.audiences: Final[dict[ConversationId, tuple[AccountId, ...]]] = {}
        """Of some of those: who all are."""

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
        self._room.weight += weighs

    def drop(self, conversation: ConversationId) -> None:
        """Forget one."""
        held = self._states.pop(conversation, None)
        if held is not None:
            self._weight -= held[2]
            self._room.weight -= held[2]
            if held[1].wide:
                self.wide.discard(conversation)
                self.audiences.pop(conversation, None)

    def hold(self, conversation: ConversationId, audience: tuple[AccountId, ...]) -> None:
        """Keep all members of a wide group that is kept, as they are at its state, for as long as that state."""
        at, state, weighs = self._states[conversation]
        self.audiences[conversation] = audience
        more = NAMED_BYTES * len(audience)
        self._states[conversation] = (at, state, weighs + more)
        self._weight += more
        self._room.weight += more

    def weighs(self) -> int:
        """About as many bytes as all of them take."""
        return self._weight

    def shed(self, least: int) -> None:
        """Forget those put longest ago, until they made so much room, or none is left."""
        until = self._weight - least
        while self._weight > until and self._states:
            self.drop(next(iter(self._states)))

    def trim(self) -> None:
        """Nobody relies on what is here any more: forget those put longest ago, until the bound holds."""
        self.working = False
        self._room.trim()

    def clear(self) -> None:
        """Forget all."""
        self.working = False
        self._states.clear()
        self.wide.clear()
        self.audiences.clear()
        self._room.weight -= self._weight
        self._weight = 0

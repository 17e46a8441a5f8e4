"""Which messages of a followed group are to be counted anew, and what its followers have been told of it."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import ConversationId
from chinwag.domain.reaction_counts import ReactionCounts
from chinwag.flow.states import States
from chinwag.ports.bus import Counted
from chinwag.ports.message_store import MessageStore

MESSAGES: Final = 100
"""Messages that are counted anew at a time in one group. Of more nothing is told, which shows."""
TOGETHER: Final = 1_000
"""Messages whose counts are read together."""


class Due(NamedTuple):
    """Of changes without a number, those above `before` and up to `turn` were of these messages."""

    before: int
    turn: int
    messages: tuple[int, ...]


class Recounted(NamedTuple):
    """What followers are told once they have been given everything up to number `head`: as `Due`, with what is on each
    message, rising."""

    head: int
    before: int
    turn: int
    messages: Sequence[tuple[int, ReactionCounts]]


class Recount:
    """Of one group. What is told says which turn it goes on after: so whoever has missed something sees that."""

    def __init__(self, turn: int) -> None:
        """turn: as of now. Whoever follows from now on reads what it shows."""
        self._heard = turn
        """Up to which turn changes were heard of."""
        self._told = turn
        """After which turn what is told next goes on."""
        self._given = turn
        """Up to which turn what was due has been read, to be told."""
        self._looked = turn
        """The group's turn at the last look."""
        self._messages: dict[int, None] = {}
        """Messages changed since what was due last was taken."""

    def heard(self, counted: Counted) -> None:
        """These were changed."""
        if counted.turn <= self._heard:
            return
        if counted.before > self._heard:
            self._told = counted.before  # what lies between was never heard of
        self._heard = counted.turn
        self._messages.update(dict.fromkeys(counted.messages))
        if len(self._messages) > MESSAGES:
            self._missed(self._heard)

    def looked(self, state: Conversation) -> None:
        """So the group is now, a second after the last look. What it was then has been heard of by now, or is lost."""
        if self._looked > self._heard:
            self._missed(self._looked)
        self._looked = state.reacted

    def take(self) -> Due | None:
        """What is to be told, if anything is. If it is not, followers see it by what they are told next."""
        if self._heard <= self._given:
            return None
        due = Due(self._told, self._heard, tuple(sorted(self._messages)))
        self._told = self._heard
        self._messages = {}
        return due

    def gave(self, due: Due) -> None:
        """That was read, and is told as soon as followers have what was placed before."""
        self._given = max(self._given, due.turn)

    def _missed(self, turn: int) -> None:
        self._told = self._heard = turn
        self._messages = {}


async def read_recounted(
    store: MessageStore, states: States, due: Sequence[tuple[ConversationId, Due]]
) -> list[tuple[Recounted, Conversation] | None]:
    """What is on the messages that are due in these groups, and how each is after that was read; None where there is no
    group any more. Raises `Refused(UNAVAILABLE)`."""
    names = [(conversation, message) for conversation, one in due for message in one.messages]
    counts: list[ReactionCounts | None] = []
    for first in range(0, len(names), TOGETHER):
        counts += await store.reaction_counts(names[first : first + TOGETHER])
    known = {name: found for name, found in zip(names, counts, strict=True) if found is not None}
    found: list[tuple[Recounted, Conversation] | None] = []
    # After the counts: whoever has left before something in them is known to have.
    for (conversation, one), state in zip(due, await states.load([name for name, _ in due]), strict=True):
        there = [
            (message, known[conversation, message]) for message in one.messages if (conversation, message) in known
        ]
        found.append(None if state is None else (Recounted(state.head, one.before, one.turn, there), state))
    return found

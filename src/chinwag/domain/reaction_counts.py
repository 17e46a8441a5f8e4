"""How many have put what on a message of a wide group: counted as it is done, as nobody reads the rows of all.

A row of counts may be ahead of the state of its conversation, as a crash or another worker may have left it. It says up
to where in the log it counts; so whatever is decided again, in whatever batches, is counted once.
"""

from collections import Counter
from collections.abc import Mapping

import msgspec

from chinwag.domain.conversation import START, Conversation, Position
from chinwag.domain.ids import AccountId
from chinwag.domain.reactions import Reacted, given


class Difference(msgspec.Struct, frozen=True, gc=False):
    """One account more (`on`), or one less, has `reaction` on message `message`."""

    message: int
    reaction: str
    on: bool


class ReactionCounts(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What is on one message, in the order in which each was put on first. covers: the place in the log up to which all
    that was done is in it, and nothing of what comes after."""

    covers: Position
    counts: tuple[tuple[str, int], ...] = ()

    def then(self, position: Position, difference: Difference) -> "ReactionCounts":
        """With what was decided at `position`; as it is, if that is in it."""
        if position <= self.covers:
            return self
        counts = dict(self.counts)
        counts[difference.reaction] = counts.get(difference.reaction, 0) + (1 if difference.on else -1)
        return ReactionCounts(position, tuple((one, count) for one, count in counts.items() if count > 0))


def counts_of(rows: Mapping[AccountId, Reacted], state: Conversation | None) -> ReactionCounts:
    """The same from the rows of all accounts, as of a state of the conversation (None: it has not begun)."""
    if state is None:
        return ReactionCounts(START)
    there = {account: row.as_of(state.head, state.reacted) for account, row in rows.items()}
    return ReactionCounts(state.applied, tuple(Counter(one.reaction for one in given(there, _any)).items()))


def _any(number: int) -> bool:
    del number
    return True

"""Whoever makes something of all that is placed, and keeps how far it has read together with what it made."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from chinwag.domain.ids import ConversationId


class Stretch(msgspec.Struct, frozen=True, gc=False):
    """The events `first` to `last` of a conversation."""

    conversation: ConversationId
    first: int
    last: int


class Walk(msgspec.Struct, frozen=True, gc=False):
    """How far a walk through all conversations has come: it is through with those before `conversation`, in the store's
    order, and with the events of that one up to `number`."""

    conversation: ConversationId = ConversationId("")
    number: int = 0


class Reached(msgspec.Struct, frozen=True):
    """How far all that is placed has been read.

    epoch: of the inboxes. positions: in each stream, by its number, the last one read. walk: of the walk through
    everything that was placed before; None once that is done.
    """

    epoch: int
    positions: tuple[int, ...]
    walk: Walk | None = None


class Follower(Protocol):
    """Keeps what it makes of all that is placed.

    It is given stretches of events, those of one conversation in their order, and reads them as they are now. After a
    walk it is given once more what was placed while that went on, which must change nothing then.
    """

    async def reached(self) -> Reached | None:
        """How far it has read; None: nothing yet."""
        ...

    async def begin(self, place: Reached) -> None:
        """Forget all that was made so far, and begin at `place`, in one transaction."""
        ...

    async def keep(self, stretches: Sequence[Stretch], before: Reached, after: Reached) -> bool:
        """Keep what comes of `stretches`, and `after` as the place, in one transaction: so each is kept exactly once.
        False, and nothing is changed, if the place is not `before` any more: another process has read on.

        Raises `Refused(UNAVAILABLE)`: it is given them again.
        """
        ...

"""How conversations stand: their states, and up to where each epoch that is over counts in them.

A worker that dies in the midst of a batch may leave send keys above the state. The next one of its epoch places the
same records again, and they become true. If the log has lost these records, nobody does: then such a key is void, and
its sender's retry is placed. So each state keeps, for every epoch that is over, what was applied of it.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from chinwag.adapters import names, stored
from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.statements import Read
from chinwag.domain.conversation import START, Conversation, Position
from chinwag.domain.ids import ConversationId

REMEMBERED: Final = 50_000
"""Conversations whose standing a process has in memory."""
ENDED_MOST: Final = 32
"""Epochs that are over of which a state keeps the end; what was stored before those counts."""

_STATE: Final = Read("SELECT state, ended, clearing FROM states WHERE conversation = ?")
_positions: Final = msgspec.msgpack.Decoder(tuple[Position, ...]).decode
_numbers: Final = msgspec.msgpack.Decoder(tuple[int, ...]).decode


class Standing(msgspec.Struct, frozen=True):
    """What the store keeps of a conversation besides its state. applied: of that. ended: of each epoch before, the last
    position that was applied, rising. clearing: messages whose reactions are still to be removed."""

    applied: Position = START
    ended: tuple[Position, ...] = ()
    clearing: tuple[int, ...] = ()

    def at(self, applied: Position) -> tuple[Position, ...]:
        """`ended` when a batch up to `applied` follows."""
        if applied.epoch <= self.applied.epoch or not self.applied.epoch:
            return self.ended
        return (*self.ended, self.applied)[-ENDED_MOST:]

    def counts(self, position: Position, epoch: int) -> bool:
        """Whether what was made at `position` holds, when `epoch` is the latest of its partition."""
        if not position.epoch or position.epoch >= epoch:
            return True  # whoever is at work now places it again
        if position.epoch >= self.applied.epoch:
            return position <= self.applied
        for last in self.ended:
            if last.epoch == position.epoch:
                return position <= last
        return len(self.ended) == ENDED_MOST and position.epoch < self.ended[0].epoch


class Standings:
    """Reads states, and remembers what stands beside them, of the conversations seen last."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[ConversationId, Standing] = {}

    async def states(self, conversations: Sequence[ConversationId]) -> list[Conversation | None]:
        """Their states, None for those not begun."""
        wanted = [(names.known(conversation),) for conversation in conversations]
        rows = await self._database.rows_of_each(_STATE, (name for name in wanted if name != (b"",)))
        answers = iter(rows)
        return [
            self._read(conversation, next(answers)) if name != (b"",) else None
            for conversation, name in zip(conversations, wanted, strict=True)
        ]

    async def of(self, conversations: Sequence[ConversationId]) -> dict[ConversationId, Standing]:
        """How these stand, by what is remembered or stored."""
        unknown = [one for one in dict.fromkeys(conversations) if one not in self._known]
        if unknown:
            await self.states(unknown)
        return {one: self._known.get(one, Standing()) for one in conversations}

    def remember(self, conversation: ConversationId, standing: Standing) -> None:
        """What was just stored."""
        self._known.pop(conversation, None)
        self._known[conversation] = standing
        while len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]

    def cleared(self, conversation: ConversationId) -> None:
        """Nothing is to be removed there any more; its next state says so."""
        standing = self._known.get(conversation)
        if standing is not None:
            self._known[conversation] = msgspec.structs.replace(standing, clearing=())

    def forget(self) -> None:
        """Nothing is known any more: what was decided last may not be what is stored."""
        self._known.clear()

    def _read(self, conversation: ConversationId, rows: Sequence[Sequence[bytes | None]]) -> Conversation | None:
        if not rows:
            return None
        state, ended, clearing = rows[0]
        found = stored.state(state)
        if found is not None:
            self.remember(
                conversation,
                Standing(
                    found.applied,
                    _positions(stored.opened(ended)) if ended else (),
                    _numbers(stored.opened(clearing)) if clearing else (),
                ),
            )
        return found

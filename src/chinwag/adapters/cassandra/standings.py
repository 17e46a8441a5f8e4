"""How conversations stand: their states, and up to where each epoch that is over counts in them.

A worker that dies in the midst of a batch may leave send keys above the state. The next one of its epoch places the
same records again, and they become true. If the log has lost these records, nobody does: then such a key is void, and
its sender's retry is placed. So each state keeps, for every epoch that is over, what was applied of it, and up to which
number it had events then: what other rows say of later numbers is void likewise.
"""

from collections.abc import Callable, Iterable, Sequence
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


class Ended(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """How far a conversation had come when an epoch was over: the last position that was applied of it, its head, and
    how many reactions without a number there were. Older versions wrote no head, or no turns."""

    epoch: int
    sequence: int
    part: int
    head: int | None = None
    turns: int | None = None

    @property
    def position(self) -> Position:
        """What was applied."""
        return Position(self.epoch, self.sequence, self.part)


_ended: Final = msgspec.msgpack.Decoder(tuple[Ended, ...]).decode
_numbers: Final = msgspec.msgpack.Decoder(tuple[int, ...]).decode


class Standing(msgspec.Struct, frozen=True):
    """What the store keeps of a conversation besides its state. applied, head, turns: of that. ended: of each epoch
    before, rising; of rows that were moved here, the epoch is 0. clearing: messages
    whose reactions are still to be removed. read_in: the latest epoch that was known here when it was read."""

    applied: Position = START
    head: int = 0
    ended: tuple[Ended, ...] = ()
    clearing: tuple[int, ...] = ()
    read_in: int = 0
    turns: int = 0

    def at(self, applied: Position) -> tuple[Ended, ...]:
        """`ended` when a batch up to `applied` follows."""
        before = self.applied
        if applied.epoch <= before.epoch or not (before.epoch or self.head):
            return self.ended
        end = Ended(before.epoch, before.sequence, before.part, self.head, self.turns)
        return (*self.ended, end)[-ENDED_MOST:]

    def counts(self, position: Position, epoch: int) -> bool:
        """Whether what was made at `position` holds, when `epoch` is the latest of its partition."""
        if not position.epoch or position.epoch >= epoch:
            return True  # whoever is at work now places it again
        if position.epoch >= self.applied.epoch:
            return position <= self.applied
        for last in self.ended:
            if last.epoch == position.epoch:
                return position <= last.position
        return len(self.ended) == ENDED_MOST and position.epoch < self.ended[0].epoch

    def head_in(self, epoch: int) -> int | None:
        """The head when `epoch`, which is over, ended: what was made in it and has a greater number is void. None if
        that is not known any more: then all of it counts."""
        if epoch >= self.applied.epoch:
            return self.head
        last = self._last_of(epoch)
        return last.head if last is not None else None if len(self.ended) == ENDED_MOST else 0

    def turns_in(self, epoch: int) -> int | None:
        """As `head_in`, of the reactions without a number."""
        if epoch >= self.applied.epoch:
            return self.turns
        last = self._last_of(epoch)
        return last.turns if last is not None else None if len(self.ended) == ENDED_MOST else 0

    def _last_of(self, epoch: int) -> Ended | None:
        return next((last for last in reversed(self.ended) if last.epoch <= epoch), None)


class Standings:
    """Reads states, and remembers what stands beside them, of the conversations seen last. known: the latest epoch that
    this process has seen of a conversation's partition."""

    def __init__(self, database: Database, known: Callable[[ConversationId], int]) -> None:
        self._database = database
        self._latest = known
        self._known: dict[ConversationId, Standing] = {}

    async def states(self, conversations: Sequence[ConversationId]) -> list[Conversation | None]:
        """Their states, None for those not begun."""
        wanted = [(names.known(conversation),) for conversation in conversations]
        latest = [self._latest(conversation) for conversation in conversations]
        rows = await self._database.rows_of_each(_STATE, (name for name in wanted if name != (b"",)))
        answers = iter(rows)
        return [
            self._read(conversation, next(answers), read_in) if name != (b"",) else None
            for conversation, name, read_in in zip(conversations, wanted, latest, strict=True)
        ]

    async def of(self, conversations: Sequence[ConversationId]) -> dict[ConversationId, Standing]:
        """How these stand, by what is remembered or stored."""
        unknown = [one for one in dict.fromkeys(conversations) if one not in self._known]
        if unknown:
            await self.states(unknown)
        return {one: self._known.get(one, Standing()) for one in conversations}

    async def ended_in(self, conversation: ConversationId, epoch: int, latest: int) -> Standing:
        """As `all_ended_in`, of one conversation."""
        return (await self.all_ended_in([(conversation, epoch, latest)]))[conversation]

    async def all_ended_in(self, asked: Iterable[tuple[ConversationId, int, int]]) -> dict[ConversationId, Standing]:
        """How these stand, for whoever asks of an epoch that is over. asked: conversation, that epoch, and the latest
        that has begun.

        What was read before that began is read again. What was read after it is not: a worker decides upon what it
        found then, and what a former one has on its way may still arrive.
        """
        old: dict[ConversationId, None] = {}
        found: dict[ConversationId, Standing] = {}
        for conversation, epoch, latest in asked:
            known = self._known.get(conversation)
            if known is None or (known.applied.epoch <= epoch and known.read_in < latest):
                old[conversation] = None
            else:
                found[conversation] = known
        if old:
            await self.states(list(old))
            # Those of which nothing is stored have not begun.
            found.update((one, self._known.get(one, Standing())) for one in old)
        return found

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

    def _read(
        self, conversation: ConversationId, rows: Sequence[Sequence[bytes | None]], read_in: int
    ) -> Conversation | None:
        if not rows:
            return None
        state, ended, clearing = rows[0]
        found = stored.state(state)
        if found is not None:
            self.remember(
                conversation,
                Standing(
                    found.applied,
                    found.head,
                    _ended(stored.opened(ended)) if ended else (),
                    _numbers(stored.opened(clearing)) if clearing else (),
                    read_in,
                    found.reacted,
                ),
            )
        return found

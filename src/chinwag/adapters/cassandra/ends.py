"""Up to where holds what was written in epochs that are over.

A worker that ends in the midst of a batch leaves rows above the state. The next one of its epoch decides the same
records again, and they become true; if the log has lost these records, nobody ever does. The same is so after a
restore: the states of a backup are older than its other rows. So whoever reads such rows asks here.
"""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

import structlog

from chinwag.adapters.cassandra.database import Changes, Database
from chinwag.adapters.cassandra.fences import Fences
from chinwag.adapters.cassandra.stamps import epoch_of, place_of, stamp
from chinwag.adapters.cassandra.standings import Standing, Standings
from chinwag.domain.ids import ConversationId
from chinwag.domain.refusal import Refused
from chinwag.ports.log import partition_of

_log = structlog.get_logger(__name__)


class End(NamedTuple):
    """Of an epoch that is over, in one conversation. latest: the epoch that has begun since. settled: so long before
    the rows were read that nothing of the ones before was on its way any more."""

    epoch: int
    latest: int
    settled: bool
    standing: Standing

    def applied(self, written_at: int) -> bool:
        """Whether the conversation has come to the record by which a row of this timestamp was made. If not, the row
        may be true all the same: it has the timestamp of the last record of its batch."""
        place = place_of(written_at)
        return not place.sequence or self.standing.counts(place, self.latest)

    @property
    def stamp(self) -> int:
        """A timestamp above all of the epochs before, and below every record since: of what was found to be true and
        is written again, so that nobody need ask any more. Records are numbered from 1."""
        return stamp(self.latest)

    @property
    def head(self) -> int | None:
        """Its last number then; None if that is not known any more: all counts."""
        return self.standing.head_in(self.epoch)

    @property
    def turns(self) -> int | None:
        """Likewise, how many reactions without a number there were."""
        return self.standing.turns_in(self.epoch)


class Ends:
    """Of one process. partitions: of the log."""

    def __init__(self, fences: Fences, standings: Standings, partitions: int) -> None:
        self._fences = fences
        self._standings = standings
        self._partitions = partitions

    async def over(
        self, written: Iterable[tuple[ConversationId, int]], asked_at: float | None = None
    ) -> dict[tuple[ConversationId, int], End]:
        """The ends of those epochs that are over, by conversation and epoch; nearly always there are none. written: the
        conversations and timestamps of rows. asked_at: when these rows were asked for (`time.monotonic`), for whoever
        writes them again: a process that stood still since then has an old answer. Raises `Refused(UNAVAILABLE)`."""
        names = dict.fromkeys((conversation, epoch_of(at)) for conversation, at in written)
        parts = {conversation: partition_of(conversation, self._partitions) for conversation, _ in names}
        latest = await self._fences.lately(set(parts.values()))
        asked = [(one, epoch, latest[parts[one]]) for one, epoch in names if 0 < epoch < latest[parts[one]]]
        if not asked:
            return {}
        standings = await self._standings.all_ended_in(asked)
        settled = {part: asked_at is not None and self._fences.settled(part, asked_at) for part in set(parts.values())}
        return {(one, epoch): End(epoch, now, settled[parts[one]], standings[one]) for one, epoch, now in asked}

    async def above(self, conversations: Iterable[ConversationId]) -> dict[ConversationId, int]:
        """Of each a timestamp above all that was written in epochs that are over, whether it is true or not, and not
        below what readers write again: for whoever removes it. Raises `Refused(UNAVAILABLE)`."""
        parts = {conversation: partition_of(conversation, self._partitions) for conversation in conversations}
        wanted = list(set(parts.values()))
        latest = dict(zip(wanted, await asyncio.gather(*map(self._fences.recent, wanted)), strict=True))
        return {conversation: stamp(latest[part]) for conversation, part in parts.items()}


async def write_again(database: Database, changes: Changes) -> None:
    """Of what is true it need not be asked each time from then on how its conversation stands. Where it cannot be
    written the next reader does it: nobody need be told."""
    try:
        await database.write(changes)
    except Refused as refused:
        _log.debug("rows are not written again", error=str(refused))

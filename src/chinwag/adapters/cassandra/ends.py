"""Up to where holds what was written in epochs that are over.

A worker that ends in the midst of a batch leaves rows above the state. The next one of its epoch decides the same
records again, and they become true; if the log has lost these records, nobody ever does. The same is so after a
restore: the states of a backup are older than its other rows. So whoever reads such rows asks here.
"""

from collections.abc import Iterable
from typing import NamedTuple

from chinwag.adapters.cassandra.fences import Fences
from chinwag.adapters.cassandra.stamps import epoch_of, place_of, stamp
from chinwag.adapters.cassandra.standings import Standing, Standings
from chinwag.domain.ids import ConversationId
from chinwag.ports.log import partition_of


class End(NamedTuple):
    """Of an epoch that is over, in one conversation. latest: the epoch that has begun since. settled: so long ago that
    nothing of the ones before is on its way any more."""

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

    async def over(self, written: Iterable[tuple[ConversationId, int]]) -> dict[tuple[ConversationId, int], End]:
        """The ends of those epochs that are over, by conversation and epoch; nearly always there are none. written: the
        conversations and timestamps of rows. Raises `Refused(UNAVAILABLE)`."""
        names = dict.fromkeys((conversation, epoch_of(at)) for conversation, at in written)
        parts = {conversation: partition_of(conversation, self._partitions) for conversation, _ in names}
        latest = await self._fences.lately(set(parts.values()))
        asked = [(one, epoch, latest[parts[one]]) for one, epoch in names if 0 < epoch < latest[parts[one]]]
        if not asked:
            return {}
        standings = await self._standings.all_ended_in(asked)
        return {
            (one, epoch): End(epoch, now, self._fences.settled(parts[one]), standings[one]) for one, epoch, now in asked
        }

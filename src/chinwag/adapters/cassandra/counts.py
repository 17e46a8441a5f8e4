"""What is read of the counts of reactions.

What a worker counted that was stopped in the midst of a batch, while its log was lost and another epoch began, is void:
then the message counts as one that was never counted.
"""

from collections.abc import Sequence
from typing import Final

from chinwag.adapters import names, stored
from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.fences import Fences
from chinwag.adapters.cassandra.schema import BUCKET
from chinwag.adapters.cassandra.standings import Standings
from chinwag.adapters.cassandra.statements import Read
from chinwag.domain.conversation import Position
from chinwag.domain.ids import ConversationId
from chinwag.domain.reaction_counts import ReactionCounts
from chinwag.ports.log import partition_of
from chinwag.ports.message_store import EventName

_COUNTS: Final = Read("SELECT counts FROM reaction_counts WHERE conversation = ? AND bucket = ? AND message = ?")


class Counts:
    """Reads them. partitions: of the log."""

    def __init__(self, database: Database, fences: Fences, standings: Standings, partitions: int) -> None:
        self._database = database
        self._fences = fences
        self._standings = standings
        self._partitions = partitions

    async def of(self, wanted: Sequence[EventName]) -> list[ReactionCounts | None]:
        """As of the port. Raises `Refused(UNAVAILABLE)`."""
        asked = [(names.known(one), message // BUCKET, message) for one, message in wanted]
        found: list[ReactionCounts | None] = []
        for (conversation, _), rows in zip(wanted, await self._database.rows_of_each(_COUNTS, asked), strict=True):
            counts = stored.reaction_counts(rows[0][0]) if rows else None
            holds = counts is not None and await self._holds(conversation, counts.covers)
            found.append(counts if holds else None)
        return found

    async def _holds(self, conversation: ConversationId, covers: Position) -> bool:
        latest = await self._fences.recent(partition_of(conversation, self._partitions))
        if not 0 < covers.epoch < latest:
            return True
        standing = await self._standings.ended_in(conversation, covers.epoch, latest)
        return standing.counts(covers, latest)

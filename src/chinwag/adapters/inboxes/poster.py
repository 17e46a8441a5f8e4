"""What stores post, on its way to the streams of the inboxes; and how far the log is applied is kept with it."""

import asyncio
from collections.abc import Mapping, Sequence

from chinwag.adapters.cassandra.log_places import LogPlaces
from chinwag.adapters.inboxes.publisher import Publisher
from chinwag.adapters.inboxes.rows import Moved
from chinwag.ports.inbox import Posting
from chinwag.ports.log import partition_of
from chinwag.ports.message_store import Commit


class StreamPoster:
    """As the stores on Cassandra want it (`adapters/cassandra/poster.py`). log_partitions: of the log."""

    def __init__(self, publisher: Publisher, places: LogPlaces, log_partitions: int) -> None:
        self._publisher = publisher
        self._places = places
        self._log_partitions = log_partitions

    async def commits(self, batch: Sequence[Commit]) -> Mapping[int, int]:
        """Post what a batch makes, and keep that the log is applied so far, before any state says so."""
        applied = max(commit.state.applied for commit in batch)
        partition = partition_of(batch[0].state.id, self._log_partitions)
        before, kept = await asyncio.gather(
            self._publisher.commits(batch), self._places.save(partition, applied), return_exceptions=True
        )
        for outcome in (before, kept):  # both have ended: nothing of this is under way any more
            if isinstance(outcome, BaseException):
                raise outcome
        assert isinstance(before, dict)
        return before

    async def stored(self, batch: Sequence[Commit], before: Mapping[int, int]) -> None:
        """The states of a batch are stored: what went to a stream that was lost meanwhile is posted again."""
        await self._publisher.again(batch, before)

    async def post(self, postings: Sequence[Posting]) -> None:
        """Post events without a number."""
        await self._publisher.post(postings)

    async def moved(self, postings: Sequence[Posting], moved: Sequence[Moved], seconds: float) -> None:
        """Post events that tell of marks, in so many seconds or not at all; who hears of one finds the mark moved."""
        await self._publisher.post(postings, moved, seconds)

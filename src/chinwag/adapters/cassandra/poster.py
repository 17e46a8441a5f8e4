"""To whom the stores give what is to go to inboxes. It is not Cassandra's: a log of its own carries it there."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from chinwag.adapters.inboxes.rows import Moved
from chinwag.ports.inbox import Posting
from chinwag.ports.message_store import Commit


class Poster(Protocol):
    """Makes postings durable; they are readable when a call returns, or soon after, in order.

    Posting is at least once: after a failure the same is given again, from another process as well. Both calls raise
    `Refused(UNAVAILABLE)` when that failed or is not known.
    """

    async def commits(self, batch: Sequence[Commit]) -> Mapping[int, int]:
        """What `batch` tells: the fanouts of its commits, which are of one partition and one epoch of the log. All
        their events are stored, their states not yet. Where it came from is in each `state.applied`. It is called
        also for a batch that tells nobody anything: the log is applied so far.

        Returns which epoch each partition of inboxes that it concerns was in before, for `stored`."""
        ...

    async def stored(self, batch: Sequence[Commit], before: Mapping[int, int]) -> None:
        """The states of a batch are stored of which `commits` returned `before`. Where a partition has begun another
        epoch since, it is posted again: who loaded afresh meanwhile found it neither in a state nor in an inbox.
        Raises `Refused(UNAVAILABLE)`."""
        ...

    async def post(self, postings: Sequence[Posting]) -> None:
        """Events without a number."""
        ...

    async def moved(self, postings: Sequence[Posting], moved: Sequence[Moved], seconds: float) -> None:
        """As `post`, where some of the events tell of marks, which are to be `moved`. They are durable within so many
        seconds or not at all; whoever sees one finds the mark moved, and nobody sees it after one that is further."""
        ...

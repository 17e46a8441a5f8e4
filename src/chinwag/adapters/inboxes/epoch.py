"""The epoch of the inboxes: one number for all of them, which rises whenever one of their streams has lost something.

It is the sum of the partitions' epochs, so that a position of before can never be taken for one of after. All devices
load afresh then, also those whose inboxes are whole: a stream that is lost was on several servers, all of them synced.
"""

import asyncio

from chinwag.adapters.nats.stream_epochs import StreamEpochs
from chinwag.domain.refusal import Code, Refused


class InboxEpoch:
    """As one process knows it."""

    def __init__(self, epochs: StreamEpochs, partitions: int) -> None:
        self._epochs = epochs
        self._partitions = partitions

    async def value(self) -> int:
        """The epoch now. Raises `Refused` (`unavailable`) while that of a partition is not known, or has not begun."""
        found = await asyncio.gather(*(self._epochs.current(partition) for partition in range(self._partitions)))
        for partition, epoch in enumerate(found):
            if not epoch:
                self._epochs.doubt(partition)
                raise Refused(Code.UNAVAILABLE, "the inboxes have not begun", 1.0)
        return sum(found)

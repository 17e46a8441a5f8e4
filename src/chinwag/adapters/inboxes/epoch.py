"""The epoch of the inboxes: one number for all, which rises whenever somebody may have been told what is not so.

It is a sum: of the partitions' epochs, each of which rises when its stream has lost something; of one more counter
behind them, which rises when a stream of the log has (`renewal.py`); and of a base, by which the cursors of an
installation that was moved here go on. So a position of before can never be taken for one of after. All devices load
afresh when it rises, also those whose inboxes are whole: a stream that is lost was on several servers, all of them
synced.
"""

import asyncio

from chinwag.adapters.inboxes.rows import InboxRows
from chinwag.adapters.nats.stream_epochs import StreamEpochs
from chinwag.domain.conversation import Position
from chinwag.domain.refusal import Code, Refused


class InboxEpoch:
    """As one process knows it. rows: which know of renewals that the counter may have lost."""

    def __init__(self, epochs: StreamEpochs, rows: InboxRows, partitions: int) -> None:
        self._epochs = epochs
        self._rows = rows
        self._partitions = partitions
        self._kept: int | None = None
        self._base: int | None = None

    async def value(self) -> int:
        """The epoch now. Raises `Refused` (`unavailable`) while that of a partition is not known, or has not begun."""
        if self._kept is None:
            self._kept = (await self._rows.acked(self._partitions)).epoch
        if self._base is None:
            self._base = await self._rows.base()
        *found, renewed = await asyncio.gather(*map(self._epochs.current, range(self._partitions + 1)))
        for partition, epoch in enumerate(found):
            if not epoch:
                self._epochs.doubt(partition)
                raise Refused(Code.UNAVAILABLE, "the inboxes have not begun", 1.0)
        return self._base + sum(found) + max(renewed, self._kept)

    async def renew(self) -> None:
        """Begin another one, with no stream lost. Raises `Refused(UNAVAILABLE)`: then it may have begun."""
        now = await self._epochs.learn(self._partitions)  # not one seen before: that may have passed long ago
        renewed = await self._epochs.begin(self._partitions, now)
        await self._rows.save_acked({self._partitions: Position(renewed, 0, 0)})

"""All inbox partitions that are a process's, each with its worker."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from chinwag.adapters.inboxes.epoch import InboxEpoch
from chinwag.adapters.inboxes.keeping import CHECKPOINT_SECONDS
from chinwag.adapters.inboxes.numbering import Told
from chinwag.adapters.inboxes.rows import InboxRows
from chinwag.adapters.inboxes.worker import CACHED, Figures, InboxWorker
from chinwag.adapters.nats.connection import NatsConnection
from chinwag.adapters.nats.purging import Purging
from chinwag.adapters.nats.stream_epochs import StreamEpochs
from chinwag.adapters.nats.stream_reader import StreamReader
from chinwag.adapters.nats.streams import Streams
from chinwag.ports.bus import NodeId
from chinwag.ports.registry import Duty, Registry

END_SECONDS: Final = 5.0
"""How long the workers may take to end."""


def inbox_duty(partitions: int) -> Duty:
    """The inbox partitions: the delivery processes share them out among them, as they do those of the log."""
    return Duty("inbox", "delivery", partitions)


class InboxWorkers:
    """Of one process. Made on the event loop; `close` it before its connections. told: as of `InboxWorker`."""

    def __init__(
        self,
        connection: NatsConnection,
        streams: Streams,
        epochs: StreamEpochs,
        rows: InboxRows,
        registry: Registry,
        node: NodeId,
        partitions: int,
        told: Callable[[int, Sequence[Told]], None],
        kept_days: int,
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
    ) -> None:
        self._purging = Purging(streams)
        epoch = InboxEpoch(epochs, rows, partitions)
        reading = partial(StreamReader, connection, streams)
        self.workers: Final = [
            InboxWorker(
                partition, streams, epochs, rows, self._purging, reading, epoch, told, kept_days, checkpoint_seconds
            )
            for partition in range(partitions)
        ]
        self._tasks = [asyncio.create_task(worker.run(), name="inbox worker") for worker in self.workers]
        self._stop = registry.watch_owned(inbox_duty(partitions), node, self._owned)

    def figures(self) -> Figures:
        """What all of them have done."""
        found = [worker.figures for worker in self.workers]
        return Figures(*(sum(getattr(one, name) for one in found) for name in Figures.__struct_fields__))

    def begun(self, partition: int) -> None:
        """A partition is in another epoch, or all inboxes are."""
        if partition < len(self.workers):
            self.workers[partition].wake()

    async def check(self) -> None:
        """For readiness: raise if a worker has ended."""
        for task in self._tasks:
            if task.done():
                raise RuntimeError("a worker of inboxes has ended")

    async def close(self) -> None:
        """Let them end what they have in hand."""
        self._stop()
        for worker in self.workers:
            await worker.close()
        _, late = await asyncio.wait(self._tasks, timeout=END_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._purging.close()

    def _owned(self, owned: frozenset[int]) -> None:
        for partition, worker in enumerate(self.workers):
            worker.cached = CACHED // max(1, len(owned))
            worker.own(partition in owned)

"""The ports of one process on one data directory: RocksDB for what lasts, memory for what passes."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from chinwag.adapters.embedded.bus import EmbeddedBus
from chinwag.adapters.embedded.data_directory import (
    DamagedDataError,
    DataDirectoryInUseError,
    NewerDataError,
    write_synced,
)
from chinwag.adapters.embedded.engine import Engine, Write
from chinwag.adapters.embedded.inbox import EmbeddedInbox
from chinwag.adapters.embedded.log import EmbeddedLog
from chinwag.adapters.embedded.mark_store import EmbeddedMarkStore
from chinwag.adapters.embedded.message_store import EmbeddedMessageStore
from chinwag.adapters.embedded.numbering import Numbering
from chinwag.adapters.embedded.questions import EmbeddedQuestions
from chinwag.adapters.embedded.registry import EmbeddedRegistry
from chinwag.adapters.embedded.scrub import EmbeddedScrub
from chinwag.flow.clock import system_clock

__all__ = ["DamagedDataError", "DataDirectoryInUseError", "Embedded", "NewerDataError", "open_embedded"]

CACHE_BYTES: Final = 64 << 20


class Embedded(msgspec.Struct, frozen=True):
    """All adapters of one data directory."""

    engine: Engine
    message_store: EmbeddedMessageStore
    inbox: EmbeddedInbox
    mark_store: EmbeddedMarkStore
    log: EmbeddedLog
    bus: EmbeddedBus
    registry: EmbeddedRegistry
    questions: EmbeddedQuestions
    scrub: EmbeddedScrub

    async def close(self) -> None:
        """End the log, write what is queued (bounded), and let go of the directory."""
        await self.log.close()
        await self.engine.close()
        await self.registry.close()


async def open_embedded(
    data: Path,
    *,
    cache_bytes: int = CACHE_BYTES,
    partitions: int = 1,
    write: Write = write_synced,
    clock: Callable[[], int] = system_clock,
) -> Embedded:
    """Open the stores in `data`/messages, made if it is not there.

    cache_bytes: what RocksDB may keep of files read. write, clock (milliseconds since 1970): as they are, except
    in tests. Raises `DataDirectoryInUseError` and `NewerDataError`.
    """
    engine = await Engine.open(data / "messages", cache_bytes, write, clock)
    numbering = Numbering(engine)
    return Embedded(
        engine=engine,
        message_store=EmbeddedMessageStore(engine, numbering),
        inbox=EmbeddedInbox(engine, numbering),
        mark_store=EmbeddedMarkStore(engine, numbering),
        log=EmbeddedLog(engine.epochs.log, partitions, clock=clock),
        bus=EmbeddedBus(),
        registry=EmbeddedRegistry(engine.epochs.log),
        questions=EmbeddedQuestions(),
        scrub=EmbeddedScrub(engine),
    )

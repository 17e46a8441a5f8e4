"""One moment of all stores, set aside inside the data folder.

The directory takes no writes while the message store's checkpoint is made: so both copies are of one moment, and a
restore is what a start after a crash at that moment would have been. `docs/backup.md` says why that is enough.
"""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rocksdict import Rdict

from chinwag.adapters.embedded import point as messages
from chinwag.adapters.embedded.engine import Engine
from chinwag.adapters.relational import point as directory
from chinwag.flow.clock import system_clock
from chinwag.lasting import new_folder
from chinwag.life.folder import CHECKPOINT, DIRECTORY, MESSAGES
from chinwag.wire.control import Checkpoint


def clear_checkpoint(data: Path) -> None:
    """Remove a checkpoint that an earlier process left. Call it with the data folder's lock held."""
    shutil.rmtree(data / CHECKPOINT, ignore_errors=True)


@asynccontextmanager
async def held_checkpoint(engine: Engine, data: Path) -> AsyncIterator[Checkpoint]:
    """A checkpoint of the stores in `data`, there until the block ends. One at a time.

    Committing goes on; who writes to the directory waits for the middle part, which takes milliseconds on a busy
    server, as almost everything is written to tables before. Raises `Refused(UNAVAILABLE)` and OSError.
    """
    target = data / CHECKPOINT
    try:
        await asyncio.to_thread(clear_checkpoint, data)
        new_folder(target)
        await engine.read(messages.flush)
        at, took = await engine.read(lambda db: _take(db, data, target))
        yield Checkpoint(CHECKPOINT, at, round(took * 1000))
    finally:
        await asyncio.shield(asyncio.to_thread(clear_checkpoint, data))


def _take(db: Rdict, data: Path, target: Path) -> tuple[int, float]:
    """Both copies; when that was (milliseconds since 1970), and how many seconds directory writes waited."""
    moment: list[tuple[int, float]] = []

    def store() -> None:
        began = time.monotonic()
        messages.checkpoint(db, target / MESSAGES)
        moment.append((system_clock(), time.monotonic() - began))

    directory.copy_at_one_point(data / DIRECTORY, target / DIRECTORY, store)
    return moment[0]

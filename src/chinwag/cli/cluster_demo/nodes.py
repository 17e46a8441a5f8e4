"""Nodes of engines that are started again when they die, as a machine's own keeper would."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from chinwag.engines import EngineError

if TYPE_CHECKING:
    from chinwag.engines.wide import WideEngines

LOOK_SECONDS: Final = 0.5
AGAIN_SECONDS: Final = 3.0
"""From the end of a node to its next start: long enough to see how the others bear it."""


@asynccontextmanager
async def kept(wide: "WideEngines | None", say: Callable[[str], None]) -> AsyncIterator[None]:
    """Start nodes again meanwhile. None: there are none to be kept."""
    if wide is None:
        yield
        return
    keeping = asyncio.create_task(_keep(wide, say), name="nodes")
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def _keep(wide: "WideEngines", say: Callable[[str], None]) -> None:
    starting: dict[str, asyncio.Task[None]] = {}
    try:
        while True:
            for key in await asyncio.to_thread(wide.ended):
                if key not in starting:
                    starting[key] = asyncio.create_task(_again(wide, key, say), name=key)
            await asyncio.sleep(LOOK_SECONDS)  # nobody tells of an end
            for key in [key for key, task in starting.items() if task.done()]:
                del starting[key]
    finally:
        for task in starting.values():
            task.cancel()


async def _again(wide: "WideEngines", key: str, say: Callable[[str], None]) -> None:
    say(f"{key} has ended; it is started again")
    await asyncio.sleep(AGAIN_SECONDS)
    try:
        await asyncio.to_thread(wide.again, key)
    except EngineError as error:
        say(f"{key} did not start: {error}")
    else:
        say(f"{key} is back (process {wide.standings()[key].pid})")

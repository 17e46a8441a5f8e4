"""What a command says while it waits for an engine: nobody sits before a silent terminal."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

NOTICE_SECONDS: Final = 0.3
"""An engine that is there answers sooner."""

Say = Callable[[str], None]
Done = TypeVar("Done")


async def spoken(work: Coroutine[Any, Any, Done], say: Say, words: str) -> Done:
    """What `work` gives; `words` are said if it is not done at once."""
    task = asyncio.create_task(work)
    try:
        done, _ = await asyncio.wait([task], timeout=NOTICE_SECONDS)
        if not done:
            say(words)
        return await task
    finally:
        task.cancel()

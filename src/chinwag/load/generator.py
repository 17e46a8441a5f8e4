"""The generator as a process: a job a line comes in (JSON), its outcome goes out.

    python -m chinwag.load.generator < jobs > outcomes

While an idle job is held, or people chat on, the line `"held"` goes out, and a line that comes in ends it.
"""

import asyncio
import gc
import resource
import sys
from typing import Final

import msgspec
import uvloop

from chinwag.load import chatting, group, idle, pages, pairs, returning
from chinwag.load.figures import Outcome

Job = pairs.Pairs | chatting.Chatting | group.Group | idle.Idle | returning.Returning | pages.Pages
_decode: Final = msgspec.json.Decoder(Job).decode
HELD: Final = "held"


async def run(job: Job) -> Outcome:
    """Do one job."""
    match job:
        case pairs.Pairs():
            return await pairs.run(job)
        case chatting.Chatting():
            return await chatting.run(job, lambda: asyncio.to_thread(_held))
        case group.Group():
            return await group.run(job)
        case idle.Idle():
            return await idle.run(job, _held)
        case returning.Returning():
            return await returning.run(job)
        case pages.Pages():
            return await pages.run(job)


def _held() -> None:
    _say(HELD)
    sys.stdin.readline()


def _say(value: object) -> None:
    print(msgspec.json.encode(value).decode(), flush=True)  # noqa: T201 - this is what it is for


def _done(job: Job) -> Outcome:
    """Do one job; one that could not be done is an outcome as well."""
    try:
        return uvloop.run(run(job))
    except (OSError, TimeoutError, EOFError) as error:
        return Outcome({}, 0.0, (f"the server could not be reached, or went away: {error or type(error).__name__}",))


def main() -> None:
    """Do the jobs on standard input until its end."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # Nothing here makes cycles worth looking for while others are timed.
    gc.disable()
    for line in sys.stdin:
        _say(_done(_decode(line)))
        gc.collect()


if __name__ == "__main__":
    main()

"""Frames that are no messages: pings, pongs and empty continuations, without end."""

import asyncio
import contextlib

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import Ground, Person
from prove.attacks.raw import frame

_SOCKETS = 10
_FRAMES = 200_000
_EMPTY = frame(b"x", 1, fin=False) + frame(b"", 0, fin=False) * 2000


async def flood(person: Person, kind: bytes, frames: int) -> int:
    """Write `frames` such frames; how many were written before the server closed."""
    raw = await person.socket()
    count = max(1, kind.count(frame(b"", 0, fin=False)), kind.count(frame(b"", 9)), kind.count(frame(b"", 10)))
    written = 0
    reading = asyncio.create_task(raw.end())
    with contextlib.suppress(ConnectionError):
        while written < frames and not reading.done():
            raw.write(kind)
            await raw.writer.drain()
            await asyncio.sleep(0)
            written += count
    raw.cut()
    reading.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reading
    return written


async def attack(ground: Ground) -> Outcome:
    """Each socket must be closed long before it has written all."""
    mallory = await ground.person("mallory")
    frames = ground.times(_FRAMES)
    kinds = (frame(b"", 9) * 2000, frame(b"", 10) * 2000, _EMPTY)
    written = await asyncio.gather(*(flood(mallory, kinds[n % 3], frames) for n in range(_SOCKETS)))
    through = sum(count >= frames for count in written)
    return Outcome(f"{through} of {_SOCKETS} sockets wrote {frames} frames unhindered", right=not through)


ATTACK = Attack(
    "pings",
    "ten sockets send pings, pongs and empty continuations without end",
    "every frame counts: who sends more than its budget is closed",
    attack,
)

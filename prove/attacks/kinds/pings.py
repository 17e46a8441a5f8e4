"""Frames that are no messages: pings, pongs and empty continuations, without end."""

import asyncio
import contextlib

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import Ground, Person
from prove.attacks.raw import frame

_SOCKETS = 10
_FRAMES = 200_000
_AT_ONCE = 2000
_EMPTY = frame(b"", 0, fin=False)


async def flood(person: Person, kind: bytes, times: int) -> bytes:
    """Write `kind` so often; what the server has said when it has closed, or when it has answered a last frame."""
    raw = await person.socket()
    said = b""

    async def listen() -> None:
        nonlocal said
        with contextlib.suppress(ConnectionError):
            while b'"pong"' not in said and (data := await raw.reader.read(1 << 16)):
                said += data

    listening = asyncio.create_task(listen())
    with contextlib.suppress(ConnectionError):
        for _ in range(times):
            raw.write(kind)
            await raw.writer.drain()
            if listening.done():
                break
        raw.write(frame(b"", 0) + frame(b'{"type":"ping"}'))
        await raw.writer.drain()
    await listening
    raw.cut()
    return said


async def attack(ground: Ground) -> Outcome:
    """Each socket must be closed, with the code of those who send too much."""
    mallory = await ground.person("mallory")
    times = ground.times(_FRAMES // _AT_ONCE)
    kinds = (frame(b"", 9) * _AT_ONCE, frame(b"", 10) * _AT_ONCE, frame(b"", 1, fin=False) + _EMPTY * _AT_ONCE)
    said = await asyncio.gather(*(flood(mallory, kinds[n % 3], times) for n in range(_SOCKETS)))
    closed = sum(b'"rate_limited"' in one for one in said)
    return Outcome(f"{closed} of {_SOCKETS} sockets were closed as rate_limited", right=closed == _SOCKETS)


ATTACK = Attack(
    "pings",
    "ten sockets send pings, pongs and empty continuations without end",
    "every frame counts: who sends more than its budget is closed",
    attack,
)

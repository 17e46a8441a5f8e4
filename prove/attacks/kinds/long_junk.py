"""The longest bodies and frames, full of small values: right but for these, wrong, and not JSON at all."""

import asyncio
import json
import time

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import Ground, Person
from prove.attacks.raw import Raw, frame

_TIMES = 30
_WEIGHT = 32
_UNREAD = (408, 429, 503)
"""Refused for its length, for the time that it took to come, or because the machine is too busy to look who asks."""
_BYTES = (2 << 20) - 200
_BODIES = (
    b'{"body":{"type":"text","text":"x"},"x":[' + b"[]," * (_BYTES // 3) + b"1]}",
    b'{"body":{"type":"dance"},"x":[' + b"1," * (_BYTES // 2) + b"1]}",
    b'{"body":{"type":"text","text":"x"},"x":[' + b"{}," * (_BYTES // 3) + b"1]",
)
_FRAMES = (
    b'{"type":"dance","x":[' + b"1," * (_BYTES // 2) + b"1]}",
    b'{"type":"send","id":7,"x":[' + b"[]," * (_BYTES // 3) + b"1]}",
    b'{"type":"ping","x":["\\ud800",' + b"1.5," * (_BYTES // 4) + b"1]}",
)


async def post(mallory: Person, other: Person, times: int) -> list[int]:
    """Post them all at once; the statuses."""
    pair = "~".join(sorted((mallory.account, other.account)))
    path, headers = f"/v1/conversations/d~{pair}/messages", {"content-type": "application/json"}
    bodies = [_BODIES[n % len(_BODIES)] for n in range(times)]
    answers = await asyncio.gather(*(mallory.request("POST", path, content=body, headers=headers) for body in bodies))
    return [answer.status_code for answer in answers]


async def say(raw: Raw, times: int) -> list[str]:
    """Send them; the code of what is said to each."""
    codes = []
    for n in range(times):
        raw.write(frame(_FRAMES[n % len(_FRAMES)]))
        while (said := json.loads((await raw.frame())[1]))["type"] != "error":
            pass  # the messages that were posted come here too
        codes.append(said["code"])
    return codes


async def attack(ground: Ground) -> Outcome:
    """Most of both must be refused before they are read: a long one counts as many."""
    mallory, other = await ground.person("mallory"), await ground.person("other")
    times = max(6, ground.times(_TIMES))
    began = time.monotonic()
    statuses = await post(mallory, other, times)
    raw = await mallory.socket()
    codes = await say(raw, times)
    raw.cut()
    # What the budgets hold at once, and what came to them meanwhile, one a second.
    most = (100 + time.monotonic() - began) / _WEIGHT
    read, heard = sum(status not in _UNREAD for status in statuses), sum(code != "rate_limited" for code in codes)
    return Outcome(
        f"{read} of {times} bodies and {heard} of {times} frames of 2 MiB were read {sorted(set(statuses))}",
        right=read <= most and heard <= most and set(statuses) <= {201, 400, 422, *_UNREAD},
    )


ATTACK = Attack(
    "long-junk",
    "bodies and frames of 2 MiB, full of small values that nobody asked for",
    "a long one counts once more for each 64 KiB, and what cannot be understood is not read value by value",
    attack,
    flags=(
        "--limits-requests-per-second=1",
        "--limits-requests-burst=100",
        "--limits-frames-per-second=1",
        "--limits-frames-burst=10",
        "--limits-sends-per-second=0.1",
        "--limits-sends-burst=100",
    ),
)

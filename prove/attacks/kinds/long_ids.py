"""Ids as long as a frame allows, another one each time, in every field that holds one."""

import json
from itertools import cycle, islice

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import Ground
from prove.attacks.raw import frame

_TIMES = 200
_BYTES = 2 << 20
_GROWTH = 160 << 20
_BODY = '"body":{"type":"text","text":"x"}'
_FRAMES = (
    '{"type":"send","id":"a","to":"%s",' + _BODY + "}",
    '{"type":"send","id":"a","conversation":"%s",' + _BODY + "}",
    '{"type":"send","id":"%s","to":"1",' + _BODY + "}",
    '{"type":"send","id":"a","to":"1","after":"%s",' + _BODY + "}",
    '{"type":"change","id":"a","conversation":"%s","change":{"type":"leave"}}',
    '{"type":"read","conversation":"%s","number":1}',
    '{"type":"%s"}',
)


async def attack(ground: Ground) -> Outcome:
    """All are refused, none is said again, and nothing of them is kept."""
    mallory = await ground.person("mallory")
    raw = await mallory.socket()
    before, refused, longest = ground.memory(), 0, 0
    for number, text in enumerate(islice(cycle(_FRAMES), max(len(_FRAMES), ground.times(_TIMES)))):
        name = f"{number:08}".ljust(_BYTES - 200, "9")
        raw.write(frame((text % name).encode()))
        opcode, said = await raw.frame()
        while opcode == 1 and json.loads(said)["type"] != "error":
            opcode, said = await raw.frame()
        refused += opcode == 1
        longest = max(longest, len(said))
    raw.cut()
    grown = ground.memory() - before
    return Outcome(
        f"{refused} refused in at most {longest} bytes each; memory grew by {grown >> 20} MB",
        right=longest < 2_000 and grown < _GROWTH,
    )


ATTACK = Attack(
    "long-ids",
    "ids of 2 MB in every field that holds one, each another",
    "refused by their length, and nothing of them is kept",
    attack,
    flags=("--limits-frames-per-second=100000", "--limits-frames-burst=100000"),
)

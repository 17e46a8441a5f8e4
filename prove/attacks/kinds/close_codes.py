"""Close frames that no peer may send, closing twice, and texts that are none (RFC 6455, 5.5.1, 7.4 and 8.1)."""

import asyncio

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import Ground, Person
from prove.attacks.raw import frame

_PROTOCOL_ERROR = 1002
_NOT_UTF8 = 1007
_CODES = (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
_ECHOED = (1000, 1001, 1003, 1011, 3000, 4999)
_CASES: tuple[tuple[str, bytes, int], ...] = (
    *((f"code {code}", frame(code.to_bytes(2, "big"), 8), _PROTOCOL_ERROR) for code in _CODES),
    *((f"code {code}", frame(code.to_bytes(2, "big"), 8), code) for code in _ECHOED),
    ("one byte", frame(b"\x03", 8), _PROTOCOL_ERROR),
    ("a reason that is no UTF-8", frame(b"\x03\xe8\xff\xfe", 8), _NOT_UTF8),
    ("closing twice", frame(b"\x03\xe8", 8) * 2, 1000),
    ("a text after the end", frame(b"\x03\xe8", 8) + frame(b'{"type":"ping"}'), 1000),
    ("a text that is no UTF-8", frame(b"\xff\xfe"), _NOT_UTF8),
    ("half a letter", frame(b'{"type":"\xc3"}'), _NOT_UTF8),
    ("a long ping", frame(b"x" * 126, 9), _PROTOCOL_ERROR),
    ("a ping in parts", frame(b"x", 9, fin=False), _PROTOCOL_ERROR),
    ("an unknown kind", frame(b"x", 3), _PROTOCOL_ERROR),
    ("a part of nothing", frame(b"x", 0), _PROTOCOL_ERROR),
)


async def ends(person: Person, sent: bytes) -> list[int]:
    """The codes of all close frames that come, until the server has closed."""
    raw = await person.socket()
    raw.write(sent)
    codes = []
    try:
        while True:
            opcode, payload = await raw.frame()
            if opcode == 8:
                codes.append(int.from_bytes(payload[:2], "big"))
    except (asyncio.IncompleteReadError, ConnectionError):
        return codes
    finally:
        raw.cut()


async def attack(ground: Ground) -> Outcome:
    """Each is closed once, with the code that the standard has."""
    mallory = await ground.person("mallory")
    wrong = []
    for name, sent, code in _CASES:
        if (codes := await ends(mallory, sent)) != [code]:
            wrong.append(f"{name}: {codes}")
    return Outcome(f"{len(wrong)} of {len(_CASES)} closed otherwise {'; '.join(wrong)}".strip(), right=not wrong)


ATTACK = Attack(
    "close-codes",
    "close codes 0, 1006, 5000 and others, a second close, texts that are no UTF-8, broken frames",
    "closed once, with 1002 or 1007 as RFC 6455 has it; codes that may be sent come back",
    attack,
)

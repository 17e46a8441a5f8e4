"""`chinwag chat` and `chinwag bench` go to a server that puts what terminals act on into all that it says."""

import tempfile
import unicodedata

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import PASSWORD, Ground, run_command
from prove.attacks.poison import POISON, Liar

_HEAD = "HTTP/1.1 {status} OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n"
_TURNING = frozenset("\u202e\u2066\u2028\u2029")
_LINES = "/open {name}\nhello\n/history\n/who\n/nonsense\n/open nobody-here\n/quit\n"


def garbage(status: int, kind: str, body: str) -> bytes:
    """An answer of whatever form."""
    return (_HEAD.format(status=status, kind=kind) + body).encode()


_GARBAGE = (
    garbage(200, "application/json", POISON),
    garbage(200, "text/html", f"<html>{POISON}"),
    garbage(503, "application/problem+json", f'{{"title":"{POISON[:1]}","status":503}}'),
    garbage(401, f"application/problem+json{POISON[:2]}", "{}"),
    POISON.encode() + b"\r\n\r\n",
)


def acts(said: str) -> list[str]:
    """The characters in it on which a terminal would act, but for line ends."""
    return [one for one in said if one != "\n" and (unicodedata.category(one) == "Cc" or one in _TURNING)]


async def attack(ground: Ground) -> Outcome:
    """Signing up, chatting, wrong passwords and answers of no form: nothing of it reaches the terminal as it is."""
    other = await ground.person("other")
    heard, broken = [], []
    with tempfile.TemporaryDirectory(prefix="chinwag-attack-") as home:
        variables = {"XDG_CONFIG_HOME": home, "CHINWAG_PASSWORD": PASSWORD, "LC_ALL": "C.UTF-8"}

        async def chat(url: str, name: str, *flags: str, password: str = PASSWORD, lines: str = "") -> None:
            code, said = await run_command(
                *("chat", "--server", url, "--name", name, "--patience", "1", *flags),
                entered=lines,
                **variables | {"CHINWAG_PASSWORD": password},
            )
            heard.append(said)
            if "Traceback" in said or code not in (0, 1):
                broken.append(said[-200:])

        async with Liar(ground.url) as liar:
            await chat(liar.url, "visitor", "--sign-up", lines=_LINES.format(name=other.name))
            await chat(liar.url, "nobody", password="a wrong password")
            await chat(liar.url, other.name, "--sign-up")  # the name is taken
        for answer in _GARBAGE[: max(2, ground.times(len(_GARBAGE)))]:
            async with Liar(ground.url, answer) as liar:
                await chat(liar.url, "visitor2")
    found = sorted({f"U+{ord(one):04X}" for said in heard for one in acts(said)})
    shown = sum("␛" in said for said in heard)
    return Outcome(
        f"{len(heard)} chats, {shown} of them with such texts in signs; characters that act: {found or 'none'}"
        + "".join(f"; broke: {said!r}" for said in broken),
        right=not found and not broken and shown > 0,
    )


ATTACK = Attack(
    "hostile-server",
    "a server puts sequences for terminals into names, titles, texts, refusals and answers of no form",
    "`chinwag chat` shows them as signs, and breaks on none",
    attack,
)

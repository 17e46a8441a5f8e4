"""The notation of scripted conversations: a line is a step, and reads as a sentence.

A step's form is written as in `{who} sends {place} {text}[ as {label}]`: words stand for themselves, what is in braces
is taken from the line, what is in brackets may be missing. `{name:kind}` gives a part another name than its kind.
A line may end in ` is refused CODE`. `#` begins a comment, and the first one of a file is its title.

`except on TRANSPORTS: REASON` holds for the lines after it, up to `everywhere:`. There they are not said, and the table
of scripts and transports tells the reason. `at hand` says that the server must be one in the test's own process;
`large groups` that it is one whose groups are wide above 4 members and large above 8.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from tests.support.transports import TRANSPORTS

WORD: Final = r"[^\W\d_][\w-]*"
KINDS: Final = {
    "who": rf"{WORD}(?:/{WORD})?",
    "name": WORD,
    "names": rf"{WORD}(?: {WORD})*",
    "place": WORD,
    "label": WORD,
    "code": r"[a-z_]+",
    "n": r"\d+",
    "numbers": r"nothing|\d+(?: \d+)*",
    "text": r'"(?:[^"\\]|\\.)*"(?: \* \d+)?',
    "options": rf"{WORD}={WORD}(?: {WORD}={WORD})*",
}
PLACES: Final = ("process", *(transport.name for transport in TRANSPORTS))
"""Where scripts are played: within a process, and over each transport."""

_REFUSED: Final = re.compile(r"^(.*) is refused ([a-z_]+)$")
_EXCEPT: Final = re.compile(r"^except on ([a-z -]+): (.+)$")


class Exemption(msgspec.Struct, frozen=True):
    """Where lines are not said, and why."""

    places: tuple[str, ...]
    reason: str


class Step(msgspec.Struct, frozen=True):
    """One line: the sentence, its parts, the code with which it must be refused, and where it is not said, if any."""

    line: int
    sentence: str
    act: str
    parts: dict[str, Any]
    refused: str | None
    exempt: Exemption | None = None


class Script(msgspec.Struct, frozen=True):
    """A file of steps. at_hand: it does something to the server that no client can. large: that server is one whose
    groups are soon large."""

    name: str
    title: str
    steps: list[Step]
    at_hand: bool = False
    large: bool = False

    def said(self, place: str) -> list[Step]:
        """What is said at a place."""
        return [step for step in self.steps if step.exempt is None or place not in step.exempt.places]

    def reasons(self, place: str) -> list[str]:
        """Why the rest is not."""
        exempt = [step.exempt for step in self.steps if step.exempt is not None and place in step.exempt.places]
        return list(dict.fromkeys(one.reason for one in exempt))


Act = Callable[..., Awaitable[None]]


class Language:
    """The sentences that are understood, each with what it does."""

    def __init__(self) -> None:
        self._forms: list[tuple[re.Pattern[str], str]] = []
        self.acts: dict[str, Act] = {}

    def says(self, form: str) -> Callable[[Act], Act]:
        """Let sentences of this form be done by what is decorated."""

        def decorate(act: Act) -> Act:
            name: str = getattr(act, "__name__", form)
            self._forms.append((_pattern(form), name))
            self.acts[name] = act
            return act

        return decorate

    def parse(self, path: Path) -> Script:
        """Read a script. Raises ValueError with the line that is not understood."""
        steps: list[Step] = []
        title, at_hand, large = "", False, False
        exempt: Exemption | None = None
        for number, line in enumerate(path.read_text().splitlines(), 1):
            sentence = " ".join(line.split()) if '"' not in line else line.strip()
            if sentence.startswith("#"):
                title = title or sentence.strip("# ")
            elif sentence == "at hand":
                at_hand = True
            elif sentence == "large groups":
                large = True
            elif sentence == "everywhere:":
                exempt = None
            elif found := _EXCEPT.match(sentence):
                exempt = Exemption(tuple(found[1].split()), found[2])
                if unknown := set(exempt.places) - set(PLACES):
                    raise ValueError(f"{path.name}:{number}: no such place: {', '.join(sorted(unknown))}")
            elif sentence:
                steps.append(self._step(number, sentence, path, exempt))
        return Script(path.stem, title, steps, at_hand or large, large)

    async def say(self, stage: object, sentence: str) -> None:
        """Do one sentence that stands in no script."""
        step = self._step(0, sentence, Path("here"), None)
        await self.acts[step.act](stage, refused=step.refused, **step.parts)

    def _step(self, number: int, sentence: str, path: Path, exempt: Exemption | None) -> Step:
        plain, refused = sentence, None
        if found := _REFUSED.match(sentence):
            plain, refused = found[1], found[2]
        for pattern, act in self._forms:
            if match := pattern.fullmatch(plain):
                return Step(number, sentence, act, dict(_values(match)), refused, exempt)
        raise ValueError(f"{path.name}:{number}: not understood: {sentence}")


def _pattern(form: str) -> re.Pattern[str]:
    escaped = re.sub(r"([.?+*()|^$])", r"\\\1", form).replace("[", "(?:").replace("]", ")?")
    return re.compile(re.sub(r"\{(\w+)(?::(\w+))?\}", _group, escaped))


def _group(match: re.Match[str]) -> str:
    name, kind = match[1], match[2] or match[1]
    return f"(?P<{name}__{kind}>{KINDS[kind]})"


def _values(match: re.Match[str]) -> Iterator[tuple[str, Any]]:
    for group, value in match.groupdict().items():
        name, kind = group.split("__")
        if value is None:
            yield name, None
        elif kind == "n":
            yield name, int(value)
        elif kind == "numbers":
            yield name, [int(number) for number in value.split() if number != "nothing"]
        elif kind == "names":
            yield name, value.split()
        elif kind == "options":
            yield name, dict(pair.split("=") for pair in value.split())
        elif kind == "text":
            quoted, _, times = value.partition('" * ')
            yield name, json.loads(quoted + '"') * int(times) if times else json.loads(value)
        else:
            yield name, value

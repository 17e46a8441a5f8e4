"""The notation of scripted conversations: a line is a step, and reads as a sentence.

A step's form is written as in `{who} sends {place} {text}[ as {label}]`: words stand for themselves, what is in braces
is taken from the line, what is in brackets may be missing. `{name:kind}` gives a part another name than its kind.
A line may end in ` is refused CODE`. `#` begins a comment, and the first one of a file is its title.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

WORD: Final = r"[A-Za-z][\w-]*"
KINDS: Final = {
    "who": rf"{WORD}(?:/{WORD})?",
    "name": WORD,
    "names": rf"{WORD}(?: {WORD})*",
    "place": WORD,
    "label": WORD,
    "code": r"[a-z_]+",
    "n": r"\d+",
    "text": r'"(?:[^"\\]|\\.)*"(?: \* \d+)?',
    "options": rf"{WORD}={WORD}(?: {WORD}={WORD})*",
}
_REFUSED: Final = re.compile(r"^(.*) is refused ([a-z_]+)$")


class Step(msgspec.Struct, frozen=True):
    """One line: the sentence, its parts, and the code with which it must be refused, if any."""

    line: int
    sentence: str
    act: str
    parts: dict[str, Any]
    refused: str | None


class Script(msgspec.Struct, frozen=True):
    """A file of steps. only: the kind of place where alone it can run."""

    name: str
    title: str
    steps: list[Step]
    only: str | None = None


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
        title, only = "", None
        for number, line in enumerate(path.read_text().splitlines(), 1):
            sentence = " ".join(line.split()) if '"' not in line else line.strip()
            if sentence.startswith("#"):
                title = title or sentence.strip("# ")
            elif sentence.startswith("only "):
                only = sentence.removeprefix("only ")
            elif sentence:
                steps.append(self._step(number, sentence, path))
        return Script(path.stem, title, steps, only)

    def _step(self, number: int, sentence: str, path: Path) -> Step:
        plain, refused = sentence, None
        if found := _REFUSED.match(sentence):
            plain, refused = found[1], found[2]
        for pattern, act in self._forms:
            if match := pattern.fullmatch(plain):
                return Step(number, sentence, act, dict(_values(match)), refused)
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
        elif kind == "names":
            yield name, value.split()
        elif kind == "options":
            yield name, dict(pair.split("=") for pair in value.split())
        elif kind == "text":
            quoted, _, times = value.partition('" * ')
            yield name, json.loads(quoted + '"') * int(times) if times else json.loads(value)
        else:
            yield name, value

"""What the pages say to type can be typed: commands with their options, settings, variables, targets of make."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import cyclopts
import pytest
from tests.unit.test_documents import PAGES, ROOT

from chinwag.cli.main import app
from chinwag.config.catalogue import sections, settings
from chinwag.fail_points import POINTS

FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`([^`]+)`")
COMMAND = re.compile(r"(?:^|(?<=[\s/:\"';|&(]))chinwag(?= [a-z])")
SETTING = re.compile(rf"(?:{'|'.join(sections())})\.[a-z_]+")
FILE = re.compile(r".*\.(?:py|sh|log|secret)")
TRUE_NOW = [page for page in PAGES if page.name != "CHANGELOG.md"]  # which tells of what was, too


def _fences(page: Path, *languages: str) -> list[str]:
    return [text for language, text in FENCE.findall(page.read_text(encoding="utf-8")) if language in languages]


def _inline(page: Path) -> list[str]:
    """What stands in the text in the face of code."""
    return [" ".join(one.split()) for one in INLINE.findall(FENCE.sub("", page.read_text(encoding="utf-8")))]


def _lines(page: Path) -> Iterator[str]:
    for block in _fences(page, "sh", "yaml"):
        yield from block.replace("\\\n", " ").splitlines()


def _words(line: str) -> list[str]:
    """What a shell would give the command that the line begins with."""
    line = re.sub(r"\$\([^)]*\)", "VALUE", line)  # what another command says
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.commenters = "#"
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if set(word) <= set("();<>|&"):
            break
        words.append("1" if word == "NUMBER" else word)
    return words


def _refused(words: list[str]) -> cyclopts.CycloptsError | None:
    """Why the command line would not be taken."""
    try:
        app.parse_args(words, exit_on_error=False, print_error=False)
    except cyclopts.CycloptsError as error:
        return error
    return None


def _wrong(page: Path) -> list[str]:
    """The commands of a page that the command line does not know."""
    typed = [(line, True) for line in _lines(page)] + [(one, False) for one in _inline(page)]
    found = []
    for text, whole in typed:
        place = COMMAND.search(text)
        if place is None or (not whole and place.start()):
            continue
        words = _words(text[place.end() :])
        if words[:1] == ["COMMAND"]:
            continue
        error = _refused(words)
        if error is not None and (whole or not isinstance(error, cyclopts.MissingArgumentError)):
            found.append(f"{text}: {error}")
    return found


@pytest.mark.parametrize("page", TRUE_NOW, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_is_one(page: Path) -> None:
    assert _wrong(page) == []


@pytest.mark.parametrize("page", TRUE_NOW, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_setting_is_one(page: Path) -> None:
    known = settings()
    named = {one.split(" = ")[0] for one in _inline(page)} - POINTS.keys()  # which look like settings, as some files do
    assert {one for one in named if SETTING.fullmatch(one) and not FILE.fullmatch(one)} <= known.keys()
    for block in _fences(page, "toml"):
        for section, values in tomllib.loads(block).items():
            if section in sections():
                assert [name for name in values if f"{section}.{name}" not in known] == []
    variables = {one.variable for one in known.values()}
    text = page.read_text(encoding="utf-8")
    told = set(re.findall(r"\bCHINWAG_(?:" + "|".join(one.upper() for one in sections()) + r")_[A-Z_]+\b", text))
    assert told <= variables


@pytest.mark.parametrize("page", TRUE_NOW, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_target_of_make_is_one(page: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    lines = [one for one in (*_inline(page), *_lines(page)) if one.lstrip().startswith("make ")]
    named = {word for line in lines for word in _words(line)[1:] if re.fullmatch(r"[a-z][a-z-]*", word)}
    assert named <= targets


def test_what_is_stale_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`chinwag cluster gone` and `chinwag user`\n```sh\nchinwag move --gone x | less\nchinwag export\n```\n"
    )
    assert [one.partition(":")[0] for one in _wrong(page)] == ["chinwag move --gone x | less", "chinwag cluster gone"]

"""What a newcomer cannot understand where it stands: a promise's number alone, or a sentence that has nobody in it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROMISE = re.compile(r"\bP1?[0-9]\b")
VERBS = "asks|comes|goes|has|holds|knows|may|polls|reads|refuses|returns|says|shows|stays|waits|was|wants|writes"
WHO = re.compile(rf"(?:[.:;] |^\W*)Who (?:{VERBS}) [^?]*?[,.]", re.MULTILINE)
ASKED = re.compile(r"Who (?:may|has|was|is|asks|reads|writes|owns|answers)\b")
"""A heading, and a docstring that answers the question: who it is."""
PHRASES = ("ends to be", "(M7)")


def sources() -> Iterator[Path]:
    for folder in ("src", "prove", "bench", "tools"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def test_a_promise_is_linked_once_a_file() -> None:
    bare = [
        str(path.relative_to(ROOT))
        for path in sources()
        if path.is_relative_to(ROOT / "src")
        and PROMISE.search(text := path.read_text())
        and "docs/guarantees.md" not in text
    ]
    assert bare == []


def test_no_sentence_begins_with_a_who_that_is_nobody() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    found = [
        f"{path.relative_to(ROOT)}: {match.group().strip()}"
        for path in [*sources(), *pages]
        for match in WHO.finditer(path.read_text())
        if not ASKED.search(match.group())
    ]
    assert found == []


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_phrase_that_nobody_understood_stays_away(phrase: str) -> None:
    assert [str(path) for path in sources() if phrase in path.read_text()] == []


def test_what_is_looked_for_is_found() -> None:
    assert WHO.search("It is so. Who polls gets none, and asks.")
    assert PROMISE.search("as promised (P6)")

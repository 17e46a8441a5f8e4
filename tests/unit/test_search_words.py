"""The words by which people are found: neither case nor accents matter, and no text takes long."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.domain.account import DISPLAY_NAME_MAX, NAME_MAX
from chinwag.domain.normal_form import normal_form
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.search_words import QUERY_MAX, QUERY_WORDS, WORD_MAX, query_words, search_words


def finds(search: str, name: str, display_name: str = "") -> bool:
    words = search_words(name, display_name)
    return all(any(word.startswith(wanted) for word in words) for wanted in query_words(search))


@pytest.mark.parametrize(
    ("search", "name", "display_name"),
    [
        ("an", "Anna", ""),
        ("ANNA", "anna", ""),
        ("jur", "jürgen", ""),
        ("jür", "jurgen", ""),
        ("ju\u0308r", "j\u00fcrgen", ""),
        ("gross", "x1", "Jürgen Groß"),
        ("ελε", "x1", "Έλενη"),
        ("love", "ada", "Ada Lovegood"),
        ("lov ad", "x1", "Ada Lovegood"),
        ("luc", "x1", "Jean-Luc"),
        ("jean-l", "x1", "Jean-Luc"),
        ("o'bri", "x1", "O'Brien"),
        ("@ada", "ada", ""),
        ("(ada", "x1", "(Ada)"),
        ("山田", "x1", "山田えみ"),
        ("fi", "x1", "\ufb01ona"),
        ("प्रि", "x1", "प्रिया शर्मा"),
    ],
)
def test_finds(search: str, name: str, display_name: str) -> None:
    assert finds(search, name, display_name)


@pytest.mark.parametrize(
    ("search", "name", "display_name"),
    [
        ("nna", "anna", ""),
        ("good", "ada", "Ada Lovegood"),
        ("ada xx", "ada", "Ada Lovegood"),
        ("かく", "x1", "がく"),
        ("anna", "ann", ""),
    ],
)
def test_finds_not(search: str, name: str, display_name: str) -> None:
    assert not finds(search, name, display_name)


@pytest.mark.parametrize(
    "search",
    [
        "",
        " ",
        "a",
        "é",
        "e\u0301",
        "a b c",
        "--",
        "\u0301\u0301\u0301",
        "\ud800\ud800",
        "\0\0",
        "x" * 65,
        "e\u0301" * 33,
    ],
)
def test_refuses_what_is_too_short_or_too_long(search: str) -> None:
    with pytest.raises(Refused) as refusal:
        query_words(search)
    assert refusal.value.code is Code.BAD_REQUEST


@given(st.text(max_size=NAME_MAX), st.text(max_size=DISPLAY_NAME_MAX))
def test_everybody_is_found_by_each_beginning_of_their_words(name: str, display_name: str) -> None:
    for word in search_words(name, display_name):
        assert 0 < len(word) <= WORD_MAX
        assert "\0" not in word
        word.encode()
    for token in display_name.split():
        for end in range(2, min(len(token), QUERY_MAX) + 1):
            # where a cut parts nothing that is one in the folded form
            first, rest, whole = (normal_form("NFKC", part, 100) for part in (token[:end], token[end:], token))
            if first + rest != whole:
                continue
            try:
                wanted = query_words(token[:end])
            except Refused:
                continue
            words = search_words(name, display_name)
            assert all(any(word.startswith(one) for word in words) for one in wanted)


@given(st.text(max_size=QUERY_MAX))
def test_a_search_asks_for_few_short_words(search: str) -> None:
    with contextlib.suppress(Refused):
        words = query_words(search)
        check_words(words)


def check_words(words: tuple[str, ...]) -> None:
    assert 1 <= len(words) <= QUERY_WORDS
    assert all(0 < len(word) <= WORD_MAX for word in words)
    assert len(words[0]) == max(map(len, words))

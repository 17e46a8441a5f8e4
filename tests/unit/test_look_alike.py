"""Nobody passes for another: names that a reader cannot tell apart, and what a reader cannot see."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.domain.account import RESERVED, display_name_of, name_key, name_of
from chinwag.domain.body import check_title
from chinwag.domain.confusables import UNICODE
from chinwag.domain.look_alike import is_ignorable, look_alike_key, shows_something, without_hidden
from chinwag.domain.refusal import Code, Refused

# Written as escapes: the point of these is that nobody can tell them apart.
ALIKE = [
    ("anna", "\u0430nna"),
    ("anna", "ann\u0251"),
    ("anna", "\u0391NNA"),
    ("paypal", "p\u0430yp\u0430l"),
    ("scope", "\u0455\u0441\u043e\u0440\u0435"),
    ("lan", "Ian"),
    ("mary", "M\u0410RY"),
    ("bob", "b0b"),
    ("alan", "a1an"),
    ("arne", "ame"),
    ("\u0412\u0435\u0440\u0430", "Bepa"),
]
HIDDEN = [*"\ufe0f\u034f\u115f\u1160\u3164\u200b\u200d\u2060\u00ad\u17b4\U000e0001"]
WRITING = [
    "\u0928\u093f\u0930\u094d\u092e\u0932\u093e",
    "Nguy\u1ec5n",
    "\u05e9\u05b8\u05c1\u05dc",
    "\u0e01\u0e34\u0e4a\u0e01",
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_names_that_look_alike_share_a_key(one: str, other: str) -> None:
    assert look_alike_key(one) == look_alike_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("anna", "anne"), ("anna", "ann\u00e1"), ("\u674e\u96f7", "\u674e\u96ea"), ("a.b", "a-b")]
)
def test_names_that_can_be_told_apart_do_not(one: str, other: str) -> None:
    assert look_alike_key(one) != look_alike_key(other)


@given(st.text(min_size=2, max_size=32))
def test_what_is_one_name_is_one_likeness(text: str) -> None:
    try:
        name = name_of(text)
    except Refused:
        return
    assert look_alike_key(name) == look_alike_key(unicodedata.normalize("NFD", name))
    assert name_key(name) == name_key(name_of(unicodedata.normalize("NFD", name)))


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("form", ["anna{}", "an{}na", "\u674e{}\u96f7"])
def test_a_name_holds_nothing_that_cannot_be_seen(hidden: str, form: str) -> None:
    assert is_ignorable(hidden)
    with pytest.raises(Refused) as refusal:
        name_of(form.format(hidden))
    assert refusal.value.code is Code.BAD_NAME


@pytest.mark.parametrize("marks", ["\u0301" * 30, "\u0301\u0301", "\u0316\u0317\u0318\u0319\u031c"])
def test_a_name_holds_no_pile_of_marks(marks: str) -> None:
    with pytest.raises(Refused) as refusal:
        name_of(f"anna{marks}")
    assert refusal.value.code is Code.BAD_NAME


@pytest.mark.parametrize("name", WRITING)
def test_writing_that_needs_marks_is_taken(name: str) -> None:
    assert name_of(name) == unicodedata.normalize("NFKC", name)


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_words_that_programs_print_for_themselves_are_no_names(word: str) -> None:
    for name in (word, word.upper(), word.replace("o", "\u043e"), word.replace("e", "\u0435")):
        with pytest.raises(Refused) as refusal:
            name_of(name)
        assert refusal.value.code is Code.BAD_NAME


def test_a_display_name_is_one_line_that_hides_nothing() -> None:
    assert display_name_of("Anna" + " " * 40 + "admin") == "Anna admin"
    assert display_name_of("Anna\u202egnp.exe") == "Annagnp.exe"
    assert display_name_of("\u3164\u115f\u200b") == ""
    assert display_name_of("\u2800 \u2800") == ""
    # Emoji and Persian keep what shapes them.
    for kept in ("\U0001f469\u200d\U0001f4bb Anna", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u2764\ufe0f"):
        assert display_name_of(kept) == kept


@pytest.mark.parametrize(
    "title", ["a\u202eb", "a\u200bb", "\u3164", "\u2800\u2800", "x" + " " * 60 + "anna: yes", "a\u2066b", "\ufe0f"]
)
def test_a_title_that_hides_something_is_refused(title: str) -> None:
    with pytest.raises(Refused) as refusal:
        check_title(title)
    assert refusal.value.code is Code.BAD_TITLE


@pytest.mark.parametrize("title", ["Weekend", "two  spaces", "\U0001f469\u200d\U0001f4bb work", "\u2764\ufe0f"])
def test_other_titles_are_taken(title: str) -> None:
    check_title(title)


@given(st.text())
def test_what_is_left_shows_as_before(text: str) -> None:
    assert shows_something(without_hidden(text)) == shows_something(text)
    assert without_hidden(without_hidden(text)) == without_hidden(text)


def test_the_table_says_of_which_unicode_it_is() -> None:
    assert tuple(map(int, UNICODE.split("."))) >= (16, 0)

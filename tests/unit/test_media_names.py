"""Names of files mislead nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.domain.media import NAME_CHARACTERS, NAMELESS, clean_name


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("photo.jpg", "photo.jpg"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("../..", NAMELESS),
        ("", NAMELESS),
        ("\u202egnp.exe", "gnp.exe"),
        ("a\nb\0c\x7f.txt", "abc.txt"),
        ("\u00fcn\u00efcode \U0001f469\u200d\U0001f467.png", "\u00fcn\u00efcode \U0001f469\u200d\U0001f467.png"),
        ("x" * 300 + ".jpeg", "x" * 250 + ".jpeg"),
        ("\ud800", "?"),
        ("no ending", "no ending"),
        (".profile", "profile"),
    ],
)
def test_a_name_is_cleaned(given_name: str, shown: str) -> None:
    assert clean_name(given_name) == shown


@given(st.text(st.characters(), max_size=600))
def test_whatever_it_was_it_is_a_name(name: str) -> None:
    shown = clean_name(name)
    assert 0 < len(shown) <= NAME_CHARACTERS
    assert clean_name(shown) == shown
    assert "/" not in shown
    assert "\\" not in shown
    assert not any(not one.isprintable() and one not in "\u200c\u200d" for one in shown)
    shown.encode()

"""Bodies: what a text may be, kept exactly."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.domain.body import (
    MENTIONS,
    TEXT_CHARACTERS,
    TITLE_CHARACTERS,
    Body,
    Media,
    Sealed,
    Text,
    check_body,
    check_text,
    check_title,
)
from chinwag.domain.ids import AccountId, UploadId
from chinwag.domain.refusal import Code, Refused

characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


def refusal(body: Body) -> Code | None:
    try:
        check_body(body)
    except Refused as refused:
        return refused.code
    return None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", Code.TEXT_EMPTY),
        (" ", None),
        ("a\0b", Code.TEXT_NUL),
        ("\ud800", Code.TEXT_SURROGATE),
        ("x\udfff", Code.TEXT_SURROGATE),
        ("\U0001f600" * TEXT_CHARACTERS, None),
        ("x" * (TEXT_CHARACTERS + 1), Code.TEXT_TOO_LONG),
        ("العربية", None),
        ("e\u0301 \u202e \x01", None),
    ],
)
def test_texts(text: str, code: Code | None) -> None:
    assert refusal(Text(text)) == code


@given(st.text(characters, min_size=1, max_size=200))
def test_any_script_is_taken_and_kept_exactly(text: str) -> None:
    check_text(text)
    assert msgspec.json.decode(msgspec.json.encode(Text(text)), type=Text).text == text


@given(st.text(st.characters(), max_size=50))
def test_what_is_taken_can_be_encoded(text: str) -> None:
    """A body that passes must not fail later, when it is stored."""
    body = Text(text, (AccountId(text[:64]),))
    if refusal(body) is None:
        assert msgspec.json.decode(msgspec.json.encode(body), type=Text) == body


@pytest.mark.parametrize(
    ("mentions", "code"),
    [
        (("1",), None),
        (("1",) * MENTIONS, None),
        (("1",) * (MENTIONS + 1), Code.BAD_MENTION),
        (("",), Code.BAD_MENTION),
        (("1" * 65,), Code.BAD_MENTION),
        (("\ud800",), Code.BAD_MENTION),
    ],
)
def test_mentions(mentions: tuple[AccountId, ...], code: Code | None) -> None:
    assert refusal(Text("x", mentions)) == code


def test_reserved_bodies_are_not_taken_yet() -> None:
    assert refusal(Sealed(b"x")) == Code.UNSUPPORTED


@pytest.mark.parametrize(
    ("caption", "mentions", "code"),
    [
        ("", (), None),
        ("x" * 100_000, (), Code.TEXT_TOO_LONG),
        ("x" * 99_999, (), None),
        ("a\0b", (), Code.TEXT_NUL),
        ("\ud800", (), Code.TEXT_SURROGATE),
        ("", (AccountId("1"),) * (MENTIONS + 1), Code.BAD_MENTION),
    ],
)
def test_captions_are_texts_that_may_be_empty(caption: str, mentions: tuple[AccountId, ...], code: Code | None) -> None:
    assert refusal(Media(UploadId("7"), "a.png", "image/png", 1, caption=caption, mentions=mentions)) == code


@pytest.mark.parametrize("title", ["x", "Über uns", "家族", "x" * TITLE_CHARACTERS, "👨‍👩‍👧"])
def test_titles(title: str) -> None:
    check_title(title)


@pytest.mark.parametrize("title", ["", "  ", "\u3000", "a\nb", "a\x7f", "a\x85b", "\x9b1m", "a\0", "\ud800", "x" * 201])
def test_titles_refused(title: str) -> None:
    with pytest.raises(Refused):
        check_title(title)


def test_a_long_title_is_refused_as_a_title() -> None:
    with pytest.raises(Refused) as refused:
        check_title("x" * (TITLE_CHARACTERS + 1))
    assert refused.value.code is Code.BAD_TITLE

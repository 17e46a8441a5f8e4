"""Rules for accounts: names, passwords, profiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.domain.account import (
    NAME_MAX,
    about_of,
    device_name_of,
    display_name_of,
    name_key,
    name_of,
    password_of,
)
from chinwag.domain.refusal import Code, Refused


@pytest.mark.parametrize("name", ["ann", "Ann.Lee-2_x", "李雷", "हिन्दी", "Ærøskøbing", "42", "a" * 32])
def test_takes_names_of_any_script(name: str) -> None:
    assert name_of(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "a", "a" * 33, "an n", "ann\n", ".ann", "ann@home", "a\u200bnn", "a\u202enn", "a/b", "\ud800\ud800", "a😀"],
)
def test_refuses_other_names(name: str) -> None:
    with pytest.raises(Refused) as refusal:
        name_of(name)
    assert refusal.value.code is Code.BAD_NAME


@given(st.text())
def test_what_is_taken_is_stable_and_found_again(text: str) -> None:
    try:
        name = name_of(text)
    except Refused:
        name_key(text)
        return
    assert name_of(name) == name
    assert len(name) <= NAME_MAX
    assert name_key(text) == name_key(name) == name_key(name_key(name))


@pytest.mark.parametrize(("one", "other"), [("Ann", "aNN"), ("straße", "STRASSE"), ("ｗide", "wide"), ("ﬁn", "FIN")])
def test_spellings_of_one_name_share_a_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


def test_a_password_is_the_same_however_its_letters_were_composed() -> None:
    assert password_of("cafe\u0301 au lait") == password_of("caf\u00e9 au lait")


@pytest.mark.parametrize("password", ["", "seven77", "x" * 257, "\ud800" * 10])
def test_refuses_passwords_by_length_and_surrogates(password: str) -> None:
    with pytest.raises(Refused) as refusal:
        password_of(password)
    assert refusal.value.code is Code.BAD_PASSWORD
    assert not password or password not in str(refusal.value)


def test_profiles_are_trimmed_and_bounded() -> None:
    assert display_name_of("  Ann Lee ") == "Ann Lee"
    assert about_of("one\ntwo ") == "one\ntwo"
    for rule, text in ((display_name_of, "a\nb"), (display_name_of, "x" * 65), (about_of, "x" * 501), (about_of, "\0")):
        with pytest.raises(Refused) as refusal:
            rule(text)
        assert refusal.value.code is Code.BAD_PROFILE


def test_a_device_name_is_cleaned_rather_than_refused() -> None:
    assert device_name_of(" Ann's\tphone\n ") == "Ann'sphone"
    assert device_name_of("\0") == "device"
    assert len(device_name_of("x" * 500)) == 64

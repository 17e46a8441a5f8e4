"""To whom a line typed in the terminal speaks."""

import pytest

from chinwag.cli.chat.naming import MOST, named
from chinwag.wire.values import AccountId

PEOPLE = {"bob": AccountId("1"), "ada.l": AccountId("2"), "j-": AccountId("3")}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@bob", ["1"]),
        ("hello @Bob, and @ada.l: see you", ["1", "2"]),
        ("ask @bob.", ["1"]),
        ("ask @j-", ["3"]),
        ("@bob @bob @BOB", ["1"]),
        ("(@ada.l)", ["2"]),
        ("write to me@bob.example", []),
        ("@@bob", []),
        ("@bobby and @nobody", []),
        ("bob", []),
        ("@all", ["*"]),
        ("@all. @bob", ["*", "1"]),
    ],
)
def test_who_is_named(text: str, found: list[str]) -> None:
    assert list(named(text, PEOPLE, group=True)) == found


def test_two_people_are_not_everybody() -> None:
    assert named("@all", PEOPLE, group=False) == ()


def test_somebody_called_all_is_that_one() -> None:
    assert named("@all", {"all": AccountId("9")}, group=True) == (AccountId("9"),)


def test_no_more_than_a_message_may_name() -> None:
    people = {f"n{number}": AccountId(str(number)) for number in range(MOST + 1)}
    assert len(named(" ".join(f"@{name}" for name in people), people, group=True)) == MOST

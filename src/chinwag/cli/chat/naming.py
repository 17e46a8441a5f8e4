"""To whom a line speaks: who is named in it with an @ before the name, and everybody by @all in a group."""

from collections.abc import Iterator, Mapping
from typing import Final

from chinwag.wire.values import AccountId

ALL: Final = "all"
EVERYBODY: Final = AccountId("*")
"""How a message says that it speaks to everybody; whether it may is the group's setting."""
MOST: Final = 100
"""Accounts that a message may name."""
_OF_NAMES: Final = "_.-"
"""Besides letters and digits."""


def named(text: str, people: Mapping[str, AccountId], *, group: bool) -> tuple[AccountId, ...]:
    """The accounts that `text` speaks to, in its order. people: who is there, by names in lower case."""
    found: dict[AccountId, None] = {}
    for word in _words(text):
        name = word.casefold()
        # The sentence may end behind a name, and a name may end with what ends a sentence.
        for one in (name, name.rstrip(".-")):
            if one in people:
                found[people[one]] = None
                break
            if group and one == ALL:
                found[EVERYBODY] = None
                break
    return tuple(found)[:MOST]


def _words(text: str) -> Iterator[str]:
    """What stands behind each @ that begins a word."""
    end = 0
    while (at := text.find("@", end)) >= 0:
        end = at + 1
        while end < len(text) and (text[end].isalnum() or text[end] in _OF_NAMES):
            end += 1
        before = text[at - 1] if at else " "
        if end > at + 1 and not (before.isalnum() or before in "_@"):
            yield text[at + 1 : end]

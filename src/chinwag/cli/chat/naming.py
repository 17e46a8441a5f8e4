"""To whom a line speaks: who is named in it with an @ before the name, and everybody by @all in a group."""

import re
from collections.abc import Mapping
from typing import Final

from chinwag.wire.values import AccountId

ALL: Final = "all"
EVERYBODY: Final = AccountId("*")
"""How a message says that it speaks to everybody; whether it may is the group's setting."""
MOST: Final = 100
"""Accounts that a message may name."""
_NAMED: Final = re.compile(r"(?<![\w@])@([\w.\-]+)")


def named(text: str, people: Mapping[str, AccountId], *, group: bool) -> tuple[AccountId, ...]:
    """The accounts that `text` speaks to, in its order. people: who is there, by names in lower case."""
    found: dict[AccountId, None] = {}
    for word in _NAMED.findall(text):
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

"""What advances make of marks, for every store."""

from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

from chinwag.domain.marks import Mark, Marks, moved
from chinwag.ports.inbox import Posting
from chinwag.ports.mark_store import Advance

Pair = tuple[bytes, bytes]
"""Conversation and account, as names are written."""

Place = TypeVar("Place")
"""A conversation, as the store names it."""
Person = TypeVar("Person")
"""An account, as the store names it."""


class Merged(NamedTuple, Generic[Place, Person]):
    """changed: the marks that move. steps: the read marks to keep, by pair and number. told: what is posted of it."""

    changed: dict[tuple[Place, Person], Marks]
    steps: dict[tuple[Place, Person, int], Mark]
    told: list[Posting]


def merged(
    held: dict[tuple[Place, Person], Marks], moving: Iterable[tuple[tuple[Place, Person], Advance]]
) -> Merged[Place, Person]:
    """One advance after the other, on `held`, which is changed as well."""
    changed: dict[tuple[Place, Person], Marks] = {}
    steps: dict[tuple[Place, Person, int], Mark] = {}
    told: list[Posting] = []
    for pair, advance in moving:
        before = held[pair]
        if advance.still:
            told += advance.told if before == advance.marks else ()
            continue
        marks = moved(before, advance.marks, withheld=advance.withheld, read_withheld=advance.read_withheld)
        if marks is before:
            continue
        held[pair] = changed[pair] = marks
        told += advance.told
        if advance.stepped and marks.read is not before.read:
            steps[*pair, marks.read.number] = marks.read
    return Merged(changed, steps, told)

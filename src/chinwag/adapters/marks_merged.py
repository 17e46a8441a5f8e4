"""What advances make of marks, for every store that merges them itself."""

from collections.abc import Sequence
from typing import NamedTuple

from chinwag.domain.marks import Mark, Marks, moved
from chinwag.ports.inbox import Posting
from chinwag.ports.mark_store import Advance

Pair = tuple[bytes, bytes]
"""Conversation and account, as names are written."""


class Merged(NamedTuple):
    """changed: the marks that move. steps: the read marks to keep, by pair and number. told: what is posted of it."""

    changed: dict[Pair, Marks]
    steps: dict[tuple[bytes, bytes, int], Mark]
    told: list[Posting]


def merged(held: dict[Pair, Marks], moving: Sequence[tuple[Pair, Advance]]) -> Merged:
    """One advance after the other, on `held`, which is changed as well."""
    changed: dict[Pair, Marks] = {}
    steps: dict[tuple[bytes, bytes, int], Mark] = {}
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

"""Large groups: the numbers that are copied to nobody but whom they concern, and whom that is, as the events say."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from prove.index.rows import Row
from prove.ranges import FOREVER, Numbers, without

GOES_LARGE: Final = "large"
"""What a joining says of history with which a group becomes large: it is the last that all are given."""
GOES_WIDE: Final = (GOES_LARGE, "wide")
"""What it says if the group is wide from there on, at the latest."""


def pulled(rows: Mapping[int, Row]) -> Numbers:
    """The numbers of events that are asked for: those between a notice that the group is large and the next one that
    it is small."""
    found, since = Numbers(), 0
    for number in sorted(number for number, row in rows.items() if row.change in ("delivery", "joined")):
        row = rows[number]
        goes_large = row.history == GOES_LARGE if row.change == "joined" else "large" in row.subjects
        if goes_large:
            since = since or number
        elif row.change == "delivery" and since:
            found.add_range(since + 1, number - 1)
            since = 0
    if since:
        found.add_range(since + 1, FOREVER)
    return found


def hidden(rows: Mapping[int, Row]) -> set[int]:
    """The numbers of those who come to a wide group, or go: pages show them to nobody else."""
    found: set[int] = set()
    wide = False
    for number in sorted(number for number, row in rows.items() if row.change in ("joined", "left", "removed")):
        row = rows[number]
        if wide and row.history != GOES_LARGE:
            found.add(number)
        wide = wide or (row.change == "joined" and row.history in GOES_WIDE)
    return found


def idle_turns(rows: Mapping[int, Row]) -> Iterator[int]:
    """The numbers of notices that a group is delivered as it was before. Only where all is read from the beginning."""
    large = False
    for number in sorted(rows):
        row = rows[number]
        if row.change == "joined" and row.history == GOES_LARGE:
            large = True
        elif row.change == "delivery":
            if large == ("large" in row.subjects):
                yield number
            large = "large" in row.subjects


def audience_of(rows: Mapping[int, Row], numbers: Numbers, inside: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """Who gets which event: every one while it is in, but of `numbers` those alone that concern it. inside: by account,
    when it was in."""
    if not numbers:
        return dict(inside)
    found = {account: Numbers(without(there.ranges(), numbers)) for account, there in inside.items()}
    for number, accounts in _concerned(rows, inside).items():
        if number in numbers:
            for account in accounts:
                if account in inside and number in inside[account]:
                    found[account].add(number)
    return found


def _concerned(rows: Mapping[int, Row], inside: Mapping[str, Numbers]) -> dict[int, set[str]]:
    spoken: dict[int, set[str]] = defaultdict(set)
    found: dict[int, set[str]] = {}
    for number in sorted(rows):
        row = rows[number]
        to = {row.sender}
        if not row.change or row.change == "edited":
            target = number if not row.change else int(row.subjects[0])
            spoken[target] |= _present(_named(rows, row, target), number, inside)
            to |= spoken[target]
        elif row.change == "deleted":
            target = int(row.subjects[0])
            to |= spoken[target] | ({rows[target].sender} if target in rows else set())
        elif row.change in ("joined", "left", "removed", "role"):
            to |= {*row.subjects, row.history}  # what a leaving says there is who owns the group from then on
        found[number] = to
    return found


def _named(rows: Mapping[int, Row], row: Row, target: int) -> Iterable[str]:
    """To whom message `target` speaks from `row` on: whom that names, and who wrote what the message answers."""
    sent = rows[target].send if target in rows else None
    answered = None if sent is None else rows.get(sent.reply_to)
    named = () if row.send is None else row.send.mentions
    return named if answered is None else (*named, answered.sender)


def _present(accounts: Iterable[str], number: int, inside: Mapping[str, Numbers]) -> set[str]:
    return {one for one in accounts if one in inside and number in inside[one]}

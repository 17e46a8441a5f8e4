"""Damages to what large groups bring: by feeds, and by copies that nobody should have."""

from typing import Any

import msgspec
from prove.facts import Acked, ChangeTried, FeedFrom, ReactionsListed, ReactionsNow, SeenMessage, SeenNotice
from prove.verdict import judge
from tests.prove.damage import READINGS, TALK, TEA, Facts, breaks, change, drop, find, session


def _fed(facts: Facts, device: str, after: int, event: Any) -> None:
    """A device's first session was fed that, after a number."""
    number = session(facts, device)
    at = find(facts, (SeenMessage, SeenNotice), session=number)[-1] + 1
    fed = msgspec.structs.replace(event, session=number, position=0)
    facts[at:at] = [FeedFrom(number, event.conversation, after), fed]


@breaks("P7")
def fed_with_a_hole(facts: Facts) -> None:
    event = facts[find(facts, (SeenMessage, SeenNotice), session=session(facts, "ann-phone"), conversation=TEA)[-1]]
    _fed(facts, "ann-phone", event.number - 2, event)  # type: ignore[union-attr]


@breaks("P10")
def fed_to_a_stranger(facts: Facts) -> None:
    event = facts[find(facts, SeenMessage, conversation=TALK)[0]]
    _fed(facts, "cem-phone", event.number - 1, event)  # type: ignore[union-attr]


@breaks("P10")
def postings_too_many(facts: Facts) -> None:
    joined = facts[find(facts, SeenNotice, conversation=TEA, change="joined")[0]]
    where = find(facts, READINGS, conversation=TEA, number=joined.number)  # type: ignore[union-attr]
    change(facts, where, history="large")


@breaks("P2")
def delivered_anew_as_it_was(facts: Facts) -> None:
    """What somebody asked for is a notice of the server's own: the group, which is small, is small from there on."""
    asked = facts[find(facts, ChangeTried, conversation=TEA, change="title")[0]]
    own = {"sender": "~server", "device": "~server", "change": "delivery", "subjects": ("small",)}
    change(facts, find(facts, READINGS, conversation=TEA, id=asked.id), **own)  # type: ignore[union-attr]
    drop(facts, find(facts, (ChangeTried, Acked), id=asked.id))  # type: ignore[union-attr]


@breaks("P3")
def a_reaction_counted_twice(facts: Facts) -> None:
    now = facts[find(facts, ReactionsNow, reader="ann", conversation=TEA)[-1]]
    number, what, count, mine, by = now.on[0]  # type: ignore[union-attr]
    assert count == len(by)
    listed = tuple((account, what) for account in by)
    facts.append(ReactionsListed("ann", TEA, number, ((what, count, mine),), listed))
    assert judge(facts).lines()[:-1] == []
    facts[-1] = ReactionsListed("ann", TEA, number, ((what, count + 1, mine),), listed)


@breaks("P3")
def a_page_shows_who_else_goes_from_a_wide_group(facts: Facts) -> None:
    joined = facts[find(facts, SeenNotice, conversation=TEA, change="joined")[0]]
    change(facts, find(facts, READINGS, conversation=TEA, number=joined.number), history="wide")  # type: ignore[union-attr]

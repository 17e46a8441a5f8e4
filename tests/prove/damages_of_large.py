"""Damages to what large groups bring: by feeds, and by copies that nobody should have."""

from typing import Any

import msgspec
from prove.facts import FeedFrom, SeenMessage, SeenNotice
from tests.prove.damage import READINGS, TALK, TEA, Facts, breaks, change, find, session


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

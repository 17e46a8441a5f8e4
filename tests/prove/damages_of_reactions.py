"""Damages to reactions, pins and mentions (P1, P2, P3, P11): a wrong server would have given such a record."""

from prove.facts import Attempt, ChangeTried, HistoryMessage, MentionsNow, ReactionsNow
from tests.prove.damage import READINGS, TEA, Facts, breaks, change, find, one


def _number(facts: Facts, text: str) -> int:
    """The number of the message that was sent with that text."""
    number: int = one(facts, HistoryMessage, id=one(facts, Attempt, text=text).id).number
    return number


@breaks("P1")
def a_reaction_acked_that_is_not_on(facts: Facts) -> None:
    again = find(facts, ChangeTried, account="ann", text="+👍")[-1]
    change(facts, [again], text="+👎")


@breaks("P2")
def a_reaction_put_on_twice(facts: Facts) -> None:
    taken_back = one(facts, ChangeTried, account="ben", text="-🎉")
    change(facts, find(facts, (ChangeTried, *READINGS), id=taken_back.id), text="+🎉")


@breaks("P2")
def a_pin_taken_off_that_was_not_on(facts: Facts) -> None:
    pinned = find(facts, ChangeTried, change="pinned", text="+")[0]
    change(facts, find(facts, (ChangeTried, *READINGS), id=facts[pinned].id), text="-")  # type: ignore[union-attr]


@breaks("P2")
def another_reaction_than_was_asked_for(facts: Facts) -> None:
    asked = one(facts, ChangeTried, account="ben", text="+👍")
    change(facts, find(facts, ChangeTried, id=asked.id), text="+👎")


@breaks("P3")
def a_page_lacks_a_reaction(facts: Facts) -> None:
    at = find(facts, ReactionsNow, reader="ben", conversation=TEA)
    change(facts, at, on=())


@breaks("P3")
def a_page_counts_one_twice(facts: Facts) -> None:
    at = find(facts, ReactionsNow, reader="ann", conversation=TEA)
    on = one(facts, ReactionsNow, reader="ann", conversation=TEA).on
    change(facts, at, on=tuple((number, what, count + 1, mine, by) for number, what, count, mine, by in on))


@breaks("P3")
def reactions_of_a_deleted_message_come_to_another(facts: Facts) -> None:
    at = find(facts, ReactionsNow, reader="ann", conversation=TEA)
    now = one(facts, ReactionsNow, reader="ann", conversation=TEA)
    change(facts, at, on=(*now.on, (_number(facts, "who?"), "👎", 1, True, ("ann",))))


@breaks("P11")
def a_mention_of_a_deleted_message(facts: Facts) -> None:
    _told(facts, _number(facts, "no cake"), add=True)


@breaks("P11")
def a_mention_that_an_edit_took_back(facts: Facts) -> None:
    _told(facts, _number(facts, "ann, cups?"), add=True)


@breaks("P11")
def a_mention_by_an_edit_is_not_told(facts: Facts) -> None:
    _told(facts, _number(facts, "who?"), add=False)


def _told(facts: Facts, number: int, *, add: bool) -> None:
    """Ann is told that a message speaks to her too, or is not."""
    now = one(facts, MentionsNow, reader="ann", conversation=TEA)
    assert (number in now.messages) != add, now
    messages = {*now.messages, number} if add else {*now.messages} - {number}
    change(facts, find(facts, MentionsNow, reader="ann", conversation=TEA), messages=tuple(sorted(messages)))

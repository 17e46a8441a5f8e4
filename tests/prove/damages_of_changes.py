"""Damages to what messages say once they were edited or deleted (P2, P3, P7, P10, P13): a wrong server would have given
such a record."""

from typing import Literal

import msgspec
from prove.facts import (
    Acked,
    Attempt,
    Began,
    ChangeTried,
    HistoryMessage,
    HistoryNotice,
    Kept,
    Paged,
    Searched,
    SeenMessage,
    SeenNotice,
    Told,
)
from tests.prove.damage import TALK, Facts, breaks, change, find, one


@breaks("P2")
def edited_to_what_nobody_wrote(facts: Facts) -> None:
    change(facts, find(facts, (HistoryMessage, Told), text="a slip of the pen"), text="a slip of the tongue")


@breaks("P2")
def an_edit_told_with_another_text(facts: Facts) -> None:
    change(facts, find(facts, SeenNotice, text="a slip of the pen")[:1], text="a slip of the tongue")


@breaks("P2")
def edited_by_another(facts: Facts) -> None:
    tried = one(facts, ChangeTried, text="a slip of the pen")
    change(facts, find(facts, ChangeTried, id=tried.id), account="ben", device="ben-phone")
    change(facts, find(facts, (SeenNotice, HistoryNotice), id=tried.id), sender="ben", device="ben-phone")
    change(facts, find(facts, Acked, id=tried.id), device="ben-phone")


@breaks("P2")
def deleted_by_the_other_one(facts: Facts) -> None:
    tried = [fact for fact in facts if isinstance(fact, ChangeTried) and fact.conversation == TALK][-1]
    assert tried.change == "deleted"
    change(facts, find(facts, ChangeTried, id=tried.id), account="ann", device="ann-phone")
    change(facts, find(facts, (SeenNotice, HistoryNotice), id=tried.id), sender="ann", device="ann-phone")
    change(facts, find(facts, Acked, id=tried.id), device="ann-phone")


@breaks("P2")
def deleted_what_is_no_message(facts: Facts) -> None:
    tried = [fact for fact in facts if isinstance(fact, ChangeTried) and fact.change == "deleted"][-1]
    change(facts, find(facts, (ChangeTried, SeenNotice, HistoryNotice), id=tried.id), subjects=("1",))


@breaks("P2")
def told_what_nobody_sent(facts: Facts) -> None:
    change(facts, find(facts, Told, where="last")[:1], text="no slip at all")


@breaks("P3")
def a_page_leaves_a_message_out(facts: Facts) -> None:
    at = find(facts, Paged, reader="ben", conversation=TALK)
    change(facts, at, numbers=facts[at[0]].numbers[1:])  # type: ignore[union-attr]


@breaks("P3")
def a_page_gives_an_edit(facts: Facts) -> None:
    at = find(facts, Paged, reader="ben", conversation=TALK)
    edit = one(facts, HistoryNotice, reader="ben", conversation=TALK, change="edited")
    change(facts, at, numbers=(*facts[at[0]].numbers, edit.number))  # type: ignore[union-attr]


@breaks("P7")
def the_search_passes_over_a_message(facts: Facts) -> None:
    at = find(facts, Searched, reader="ben", word="hello")
    change(facts, at, found=())


@breaks("P7")
def the_search_finds_what_was_edited_away(facts: Facts) -> None:
    gone = next(fact for fact in facts if isinstance(fact, ChangeTried) and fact.change == "deleted")
    change(facts, find(facts, Searched, word="password"), found=((TALK, int(gone.subjects[0])),))


@breaks("P10")
def told_of_a_message_from_before(facts: Facts) -> None:
    told = one(facts, Told, where="search", reader="ben")
    facts.append(msgspec.structs.replace(told, reader="dot"))


@breaks("P10")
def told_what_was_written_since(facts: Facts) -> None:
    text = "said behind the back of cem"
    number = int(one(facts, ChangeTried, text=text).subjects[0])
    edit = one(facts, HistoryNotice, reader="ben", change="edited", subjects=(str(number),))
    at = find(facts, HistoryMessage, reader="cem", conversation=edit.conversation, number=number)
    changed = [fact.number for fact in facts if isinstance(fact, HistoryNotice) and fact.subjects == (str(number),)]
    change(facts, at, text="said above the head of dot", changed=max(changed))


@breaks("P10")
def an_edit_told_to_who_came_later(facts: Facts) -> None:
    tried = one(facts, ChangeTried, text="said above the head of dot")
    change(facts, find(facts, HistoryNotice, reader="dot", id=tried.id), text=tried.text)


# P13


@breaks("P13")
def a_deleted_text_in_a_page(facts: Facts) -> None:
    _told_again(facts, "page", "my real password")


@breaks("P13")
def a_deleted_text_in_the_preview(facts: Facts) -> None:
    _told_again(facts, "last", "my password")


@breaks("P13")
def a_replaced_text_found(facts: Facts) -> None:
    _told_again(facts, "search", "a slip of teh pen")


@breaks("P13")
def a_deleted_text_in_a_catch_up(facts: Facts) -> None:
    tried = one(facts, Attempt, text="nobody needs this")
    number = one(facts, HistoryMessage, conversation=tried.conversation, id=tried.id).number
    begun = find(facts, Began, device="ben-phone")[-1]
    seen = find(facts, SeenMessage, conversation=tried.conversation, number=number)
    message = msgspec.structs.replace(facts[seen[0]], session=facts[begun].session, position=1)  # type: ignore[union-attr]
    facts.insert(begun + 1, message)


@breaks("P13")
def the_event_of_an_earlier_edit_keeps_its_text(facts: Facts) -> None:
    tried = one(facts, ChangeTried, text="a slip of teh pen")
    change(facts, find(facts, HistoryNotice, reader="ben", id=tried.id), text=tried.text)


@breaks("P13")
def a_device_holds_what_was_deleted(facts: Facts) -> None:
    sent = one(facts, Attempt, text="nobody needs this")
    number = one(facts, HistoryMessage, conversation=sent.conversation, id=sent.id).number
    facts.append(Kept("ann-phone", sent.conversation, number, "ben", sent.text, 0))


def _told_again(facts: Facts, where: Literal["page", "last", "search"], text: str) -> None:
    """Somebody who asks at the end is told of a message what it said once."""
    sent = next(fact for fact in facts if isinstance(fact, Attempt | ChangeTried) and fact.text == text)
    changed = number = one(facts, HistoryMessage if isinstance(sent, Attempt) else HistoryNotice, id=sent.id).number
    if isinstance(sent, ChangeTried):
        number = int(sent.subjects[0])
    else:
        changed = 0
    facts.append(Told(where, "ben", sent.conversation, number, sent.account, text, changed, 1 << 40))

"""Damages to who reads what, in which order (P1 to P6): a wrong server would have given such a record."""

import msgspec
from prove.facts import (
    Acked,
    Attempt,
    ChangeTried,
    HistoryEnd,
    HistoryMessage,
    HistoryNotice,
    InboxRow,
    Loaded,
    Refused,
    Retry,
    Reused,
    SeenMessage,
    SeenNotice,
    State,
)
from tests.prove.damage import (
    READINGS,
    TALK,
    TEA,
    Facts,
    after,
    breaks,
    change,
    drop,
    events,
    find,
    one,
    placed,
    session,
    shift,
    trade,
)


@breaks("P1")
def lost_for_one_reader(facts: Facts) -> None:
    drop(facts, find(facts, HistoryMessage, reader="ben", text="two"))


@breaks("P1")
def lost_for_all(facts: Facts) -> None:
    drop(facts, find(facts, READINGS, conversation=TALK, number=2))


@breaks("P1")
def another_in_its_place(facts: Facts) -> None:
    change(facts, find(facts, READINGS, conversation=TALK, number=2), id="i99")


@breaks("P1")
def acked_and_never_sent(facts: Facts) -> None:
    drop(facts, find(facts, Attempt, text="two"))


@breaks("P1")
def acked_and_in_no_inbox(facts: Facts) -> None:
    drop(facts, find(facts, InboxRow, account="ben", conversation=TALK, number=2))


@breaks("P1")
def a_change_is_lost(facts: Facts) -> None:
    drop(facts, find(facts, HistoryNotice, reader="ben", change="role"))


# P2


@breaks("P2")
def never_sent(facts: Facts) -> None:
    lost = one(facts, Attempt, text="two")
    drop(facts, find(facts, (Attempt, Acked), device=lost.device, id=lost.id))


@breaks("P2")
def another_text(facts: Facts) -> None:
    change(facts, find(facts, READINGS, text="two"), text="tow")


@breaks("P2")
def another_text_for_one_device(facts: Facts) -> None:
    change(facts, find(facts, SeenMessage, text="two")[:1], text="tow")


@breaks("P2")
def another_sender(facts: Facts) -> None:
    change(facts, find(facts, READINGS, text="cem 1"), sender="ann")


@breaks("P2")
def refused_and_placed(facts: Facts) -> None:
    sent = placed(facts, "two")
    drop(facts, find(facts, Acked, id=sent.id))
    after(facts, Refused(sent.device, TALK, sent.id, "text_empty", False, 9), Attempt, id=sent.id)


@breaks("P2")
def written_by_who_was_out(facts: Facts) -> None:
    sent = one(facts, Attempt, text="one more thing")
    drop(facts, find(facts, Refused, id=sent.id))
    where = find(facts, READINGS, text="have you read it?")
    change(facts, where, sender="dot", device=sent.device, id=sent.id, text=sent.text)


@breaks("P2")
def a_change_nobody_asked_for(facts: Facts) -> None:
    drop(facts, find(facts, ChangeTried, change="role"))


@breaks("P2")
def a_change_of_another_kind(facts: Facts) -> None:
    change(facts, find(facts, READINGS, change="title"), change="settings")


@breaks("P2")
def a_change_for_another(facts: Facts) -> None:
    change(facts, find(facts, READINGS, change="role"), subjects=("cem",))


@breaks("P2")
def an_id_used_twice(facts: Facts) -> None:
    facts.insert(find(facts, Attempt, text="two")[0], one(facts, Attempt, text="two"))


@breaks("P2")
def changed_by_what_is_no_edit(facts: Facts) -> None:
    change(facts, find(facts, HistoryMessage, text="two"), changed=1)


# P3


@breaks("P3")
def another_order_for_one_reader(facts: Facts) -> None:
    first, second = find(facts, HistoryMessage, reader="ben", conversation=TALK)[:2]
    numbers = facts[first].number, facts[second].number  # type: ignore[union-attr]
    facts[first], facts[second] = facts[second], facts[first]
    change(facts, [first], number=numbers[0])
    change(facts, [second], number=numbers[1])


@breaks("P3")
def another_event_live(facts: Facts) -> None:
    change(facts, find(facts, SeenMessage, text="cem 2")[-1:], id="i1")


@breaks("P3")
def another_notice_for_one(facts: Facts) -> None:
    change(facts, find(facts, SeenNotice, change="role")[:1], subjects=("dot",))


@breaks("P3")
def a_number_left_out(facts: Facts) -> None:
    drop(facts, find(facts, READINGS, conversation=TEA, number=4))


@breaks("P3")
def a_hole_for_one_reader(facts: Facts) -> None:
    drop(facts, find(facts, HistoryMessage, reader="ben", conversation=TEA, number=4))


@breaks("P3")
def ordinals_count_wrongly(facts: Facts) -> None:
    change(facts, find(facts, READINGS, text="cem 1"), ordinal=7)


@breaks("P3")
def pages_out_of_order(facts: Facts) -> None:
    first, second = find(facts, HistoryMessage, reader="ben", conversation=TALK)[:2]
    facts[first], facts[second] = facts[second], facts[first]


@breaks("P3")
def another_end(facts: Facts) -> None:
    change(facts, find(facts, HistoryEnd, reader="ben", conversation=TALK), head=99)


@breaks("P3")
def events_out_of_order(facts: Facts) -> None:
    first, second = find(facts, SeenMessage, conversation=TEA, session=4)[:2]
    positions = facts[first].position, facts[second].position  # type: ignore[union-attr]
    facts[first], facts[second] = facts[second], facts[first]
    change(facts, [first], position=positions[0])
    change(facts, [second], position=positions[1])


@breaks("P3")
def two_acks_of_one_number(facts: Facts) -> None:
    change(facts, find(facts, Acked, id=placed(facts, "two").id), number=1)


# P4


@breaks("P4")
def overtaken(facts: Facts) -> None:
    trade(facts, placed(facts, "ann 0"), placed(facts, "ann 2"))


@breaks("P4")
def overtaken_by_what_names_it(facts: Facts) -> None:
    trade(facts, placed(facts, "one"), placed(facts, "two"))


@breaks("P4")
def the_one_before_is_nowhere(facts: Facts) -> None:
    sent = placed(facts, "one")
    drop(facts, find(facts, READINGS, conversation=TALK, number=1))
    drop(facts, find(facts, Acked, id=sent.id))


@breaks("P4")
def the_one_before_is_nowhere_and_the_next_is_asked_for_again(facts: Facts) -> None:
    the_one_before_is_nowhere(facts)
    sent = placed(facts, "two")
    after(facts, Retry(sent.device, TALK, sent.id, 0, 9, ""), Acked, id=sent.id)


@breaks("P4")
def the_one_before_was_never_sent(facts: Facts) -> None:
    change(facts, find(facts, Attempt, text="two"), after="nothing")


@breaks("P4")
def overtaken_after_a_refusal_and_an_ack(facts: Facts) -> None:
    trade(facts, placed(facts, "too much"), placed(facts, "yes"))


# P5


@breaks("P5")
def never_got_it(facts: Facts) -> None:
    drop(facts, find(facts, SeenMessage, session=session(facts, "ben-phone"), text="one"))


@breaks("P5")
def positions_are_dense_and_one_is_missing(facts: Facts) -> None:
    number = session(facts, "ben-phone", 1)
    gone = one(facts, SeenMessage, session=number, text="here I am")
    drop(facts, find(facts, SeenMessage, session=number, text="here I am"))
    shift(facts, events(facts, number), gone.position)


@breaks("P5")
def never_loaded_what_was_before(facts: Facts) -> None:
    drop(facts, find(facts, Loaded, device="cem-phone", conversation=TEA)[:1])


@breaks("P5")
def a_device_that_never_loaded_misses_one(facts: Facts) -> None:
    drop(facts, find(facts, SeenMessage, session=session(facts, "ann-laptop"), text="ann 1"))


@breaks("P5")
def the_same_again(facts: Facts) -> None:
    last = find(facts, SeenMessage, text="yes")[-1]
    again = facts[last]
    facts.insert(last + 1, msgspec.structs.replace(again, position=again.position + 1))  # type: ignore[union-attr]


@breaks("P5")
def two_devices_of_one_hold_it_differently(facts: Facts) -> None:
    change(facts, find(facts, State, device="ann-laptop", place=TEA), kept="else", loaded="else")


# P6


@breaks("P6")
def acked_twice_differently(facts: Facts) -> None:
    change(facts, find(facts, Acked, id=placed(facts, "one").id)[1:], number=2)


@breaks("P6")
def refused_for_ever_and_then_acked(facts: Facts) -> None:
    sent = one(facts, Attempt, text="to nothing")
    last = find(facts, Refused, id=sent.id)[-1]
    facts[last] = Acked(sent.device, TALK, sent.id, 99, 0, 0, 0)


@breaks("P6")
def acked_and_then_refused_for_ever(facts: Facts) -> None:
    sent = placed(facts, "one")
    facts.insert(find(facts, Acked, id=sent.id)[-1] + 1, Refused(sent.device, TALK, sent.id, "not_member", False, 0))


@breaks("P6")
def refused_for_ever_for_two_reasons(facts: Facts) -> None:
    sent = one(facts, Attempt, text="to nothing")
    change(facts, find(facts, Refused, id=sent.id)[1:], code="not_member")


@breaks("P2")
def refused_for_ever_and_placed_after_a_repeat(facts: Facts) -> None:
    sent, other = one(facts, Attempt, text="to nothing"), placed(facts, "two")
    change(facts, find(facts, READINGS, text="two"), id=sent.id, text=sent.text)
    drop(facts, find(facts, Acked, id=other.id))


@breaks("P6")
def something_else_acked(facts: Facts) -> None:
    change(facts, find(facts, Reused), code="")


@breaks("P6")
def something_else_refused_for_another_reason(facts: Facts) -> None:
    change(facts, find(facts, Reused), code="not_member")


@breaks("P6")
def a_retry_refused_as_something_else(facts: Facts) -> None:
    first = placed(facts, "one")
    at = find(facts, Acked, id=first.id)[0]
    facts.insert(at, Refused(first.device, first.conversation, first.id, "id_reused", False, 0))


@breaks("P6")
def created_twice(facts: Facts) -> None:
    created = one(facts, Acked, conversation=TEA, number=1)
    after(facts, msgspec.structs.replace(created, conversation="g~9"), Acked, conversation=TEA, number=1)


@breaks("P6")
def stands_twice(facts: Facts) -> None:
    first = placed(facts, "cem 0")
    change(facts, find(facts, READINGS, text="cem 2"), id=first.id, text=first.text)


@breaks("P6")
def stands_again_at_the_end(facts: Facts) -> None:
    last = placed(facts, "yes")
    again = msgspec.structs.replace(last, number=last.number + 1, ordinal=last.ordinal + 1)
    after(facts, again, HistoryMessage, reader=last.reader, text="yes")

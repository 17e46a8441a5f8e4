"""Damages to what devices get, and when (P7 to P12): a wrong server would have given such a record."""

import msgspec
from prove.facts import (
    Acked,
    Began,
    Ended,
    HistoryMessage,
    InboxEnd,
    InboxRow,
    MarkNow,
    PresenceNow,
    Probed,
    Quiet,
    Refused,
    SeenMark,
    SeenMessage,
    SeenNotice,
    State,
    TokenTried,
    Up,
)
from tests.prove.damage import (
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
)


@breaks("P7")
def a_position_left_out(facts: Facts) -> None:
    drop(facts, find(facts, SeenMessage, session=session(facts, "cem-phone"), text="cem 1"))


@breaks("P7")
def a_mark_left_out(facts: Facts) -> None:
    drop(facts, find(facts, SeenMark)[:1])


@breaks("P7")
def the_first_after_the_cursor_left_out(facts: Facts) -> None:
    drop(facts, events(facts, session(facts, "ben-phone", 1))[:1])


@breaks("P7")
def begins_further_on(facts: Facts) -> None:
    drop(facts, events(facts, session(facts, "ann-phone"))[-1:])


@breaks("P7")
def ends_early(facts: Facts) -> None:
    drop(facts, find(facts, SeenMessage, text="yes")[-1:])


@breaks("P7")
def a_position_holds_two_things(facts: Facts) -> None:
    change(facts, find(facts, SeenMark, kind="read", number=4)[:1], number=5)


@breaks("P7")
def the_inbox_holds_something_else_at_the_end(facts: Facts) -> None:
    change(facts, find(facts, InboxRow, account="ann", kind="account"), number=3)


@breaks("P7")
def the_inbox_has_a_hole(facts: Facts) -> None:
    drop(facts, find(facts, InboxRow, account="ann", kind="read")[:1])


@breaks("P7")
def events_without_a_session(facts: Facts) -> None:
    change(facts, find(facts, SeenMessage, text="yes")[:1], session=99)


@breaks("P7")
def marks_without_a_session(facts: Facts) -> None:
    change(facts, find(facts, SeenMark)[:1], session=99)


# P8


@breaks("P8")
def not_in_history(facts: Facts) -> None:
    change(facts, find(facts, Probed, where="history"), found=0)


@breaks("P8")
def not_in_the_inbox(facts: Facts) -> None:
    change(facts, find(facts, Probed, where="inbox"), found=0)


@breaks("P8")
def another_by_its_key(facts: Facts) -> None:
    change(facts, find(facts, Probed, where="key"), found=1)


@breaks("P8")
def the_inbox_passes_over_one(facts: Facts) -> None:
    gone = one(facts, InboxRow, account="ben", conversation=TALK, number=2)
    drop(facts, find(facts, InboxRow, account="ben", conversation=TALK, number=2))
    shift(facts, find(facts, InboxRow, account="ben"), gone.position)


@breaks("P8")
def the_inbox_is_out_of_order(facts: Facts) -> None:
    first, second = find(facts, InboxRow, account="ben", conversation=TALK)[:2]
    change(facts, [first], number=2)
    change(facts, [second], number=1)


# P9


@breaks("P9")
def a_mark_goes_back_in_sight(facts: Facts) -> None:
    at = find(facts, SeenMark, kind="read", number=9)
    change(facts, at, number=3)


@breaks("P9")
def a_mark_goes_back_in_the_inbox(facts: Facts) -> None:
    change(facts, find(facts, InboxRow, account="ann", kind="read", number=9), number=3)


@breaks("P9")
def a_mark_is_told_lower_than_it_was_seen(facts: Facts) -> None:
    change(facts, find(facts, MarkNow)[:1], read=4)


@breaks("P9")
def what_is_read_is_told_of_who_keeps_it(facts: Facts) -> None:
    change(facts, find(facts, SeenMark, kind="read", number=4)[:1], account="cem")


@breaks("P9")
def what_is_read_is_posted_to_who_keeps_it(facts: Facts) -> None:
    change(facts, find(facts, InboxRow, account="ann", kind="read", number=4), about="cem")


@breaks("P9")
def what_is_read_is_shown_of_who_keeps_it(facts: Facts) -> None:
    change(facts, find(facts, MarkNow, reader="ann", account="cem"), read=12)


@breaks("P9")
def what_is_read_is_shown_to_who_keeps_its_own(facts: Facts) -> None:
    change(facts, find(facts, MarkNow, reader="cem", account="ben"), read=12)


@breaks("P9")
def a_mark_is_told_lower_than_before(facts: Facts) -> None:
    change(facts, find(facts, MarkNow)[:1], delivered=8)


# P10


@breaks("P10")
def an_event_after_the_removal(facts: Facts) -> None:
    number = session(facts, "cem-phone")
    position = one(facts, SeenNotice, change="removed", session=number).position
    event = one(facts, SeenMessage, text="cem is out")
    more = msgspec.structs.replace(event, session=number, position=position + 1)
    after(facts, more, SeenMessage, text="cem is out")


@breaks("P10")
def an_entry_after_the_removal(facts: Facts) -> None:
    number = placed(facts, "cem is out").number
    head = one(facts, InboxEnd, account="cem").head
    facts.insert(find(facts, InboxEnd, account="cem")[0], InboxRow("cem", head + 1, "message", TEA, number, ""))


@breaks("P10")
def history_from_before_it_joined(facts: Facts) -> None:
    early = placed(facts, "ann 0")
    facts.insert(find(facts, HistoryMessage, reader="dot")[0], msgspec.structs.replace(early, reader="dot"))


@breaks("P10")
def what_it_could_read_is_gone(facts: Facts) -> None:
    drop(facts, find(facts, HistoryMessage, reader="dot", text="here I am"))


@breaks("P10")
def never_closed(facts: Facts) -> None:
    drop(facts, find(facts, Ended, session=session(facts, "ann-tablet")))


@breaks("P10")
def closed_late(facts: Facts) -> None:
    end = one(facts, Ended, session=session(facts, "ann-tablet"))
    change(facts, find(facts, Ended, session=session(facts, "ann-tablet")), at=end.at + 1100)


@breaks("P10")
def comes_again(facts: Facts) -> None:
    tried = one(facts, TokenTried)
    after(facts, Began(98, "ann-tablet", "ann", "socket", 1, 0, tried.at), TokenTried)
    after(facts, Ended(98, "own", tried.at + 1), Began, session=98)


@breaks("P10")
def its_token_is_taken(facts: Facts) -> None:
    change(facts, find(facts, TokenTried), refused=False)


# P11


@breaks("P11")
def loads_something_else(facts: Facts) -> None:
    change(facts, find(facts, State, device="ben-phone", place=TEA), loaded="else")


@breaks("P11")
def keeps_what_is_not_to_be_loaded(facts: Facts) -> None:
    change(facts, find(facts, State, device="ben-phone", place=TEA), loaded="")


@breaks("P11")
def keeps_nothing(facts: Facts) -> None:
    change(facts, find(facts, State, device="ben-phone", place=TALK), kept="")


@breaks("P11")
def loads_another_profile(facts: Facts) -> None:
    change(facts, find(facts, State, device="cem-phone", place="account"), loaded="else")


# P12


@breaks("P12")
def the_record_breaks_off(facts: Facts) -> None:
    del facts[find(facts, Quiet)[0] :]


@breaks("P12")
def the_server_stays_away(facts: Facts) -> None:
    drop(facts, find(facts, Up))


@breaks("P12")
def a_device_stays_away(facts: Facts) -> None:
    facts.insert(find(facts, Quiet)[0], Ended(session(facts, "ben-phone", -1), "cut", 0))


@breaks("P12")
def a_send_stays_without_answer(facts: Facts) -> None:
    drop(facts, find(facts, Acked, id=placed(facts, "hello").id))


@breaks("P12")
def a_send_is_put_off_for_ever(facts: Facts) -> None:
    sent = placed(facts, "hello")
    at = find(facts, Acked, id=sent.id)[0]
    facts[at] = Refused(sent.device, TALK, sent.id, "unavailable", True, 9)


@breaks("P12")
def who_is_there_is_told_as_gone(facts: Facts) -> None:
    change(facts, find(facts, PresenceNow, account="ben"), told=False)


@breaks("P12")
def who_is_gone_is_told_as_there(facts: Facts) -> None:
    change(facts, find(facts, PresenceNow, account="ben"), wanted=False)

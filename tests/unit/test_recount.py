"""What followers are told of reactions that took no number: of which messages, and after which turn that goes on."""

from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import group_id
from chinwag.flow.large.recount import MESSAGES, Due, Recount
from chinwag.ports.bus import Counted

GROUP = group_id("9")


def counted(before: int, turn: int, *messages: int) -> Counted:
    return Counted(GROUP, before, turn, messages)


def at(turn: int) -> Conversation:
    return Conversation(GROUP, False, {}, reacted=turn)


def given(recount: Recount) -> Due | None:
    due = recount.take()
    if due is not None:
        recount.gave(due)
    return due


def test_what_was_changed_since_the_last_time_is_told_once_and_goes_on_after_it() -> None:
    recount = Recount(5)
    assert given(recount) is None
    recount.heard(counted(5, 7, 30, 2))
    recount.heard(counted(7, 8, 2))
    assert given(recount) == Due(5, 8, (2, 30))
    assert given(recount) is None
    recount.heard(counted(8, 9, 4))
    recount.heard(counted(8, 9, 4))
    assert given(recount) == Due(8, 9, (4,))


def test_a_publication_that_was_lost_shows_as_a_hole() -> None:
    recount = Recount(5)
    recount.heard(counted(5, 6, 1))
    recount.heard(counted(8, 9, 2))
    assert given(recount) == Due(8, 9, (1, 2)), "who holds 5 has missed something"
    recount.heard(counted(9, 10, 1))
    assert given(recount) == Due(9, 10, (1,))


def test_what_nobody_told_of_for_a_second_shows_as_a_hole() -> None:
    recount = Recount(5)
    recount.looked(at(7))
    assert given(recount) is None, "it may be on its way"
    recount.heard(counted(5, 7, 3))
    recount.looked(at(7))
    assert given(recount) == Due(5, 7, (3,))
    recount.looked(at(9))
    recount.looked(at(9))
    assert given(recount) == Due(9, 9, ())


def test_of_very_many_messages_nothing_is_told_but_that() -> None:
    recount = Recount(0)
    for number in range(MESSAGES + 1):
        recount.heard(counted(number, number + 1, number))
    assert given(recount) == Due(MESSAGES + 1, MESSAGES + 1, ())


def test_what_was_taken_and_not_told_shows_as_a_hole() -> None:
    recount = Recount(0)
    recount.heard(counted(0, 3, 1))
    assert recount.take() == Due(0, 3, (1,))
    assert given(recount) == Due(3, 3, ())
    assert given(recount) is None

"""Pages beside a deletion: reactions go with the text of their message, and a page reads the one before the other."""

from prove.facts import AnyFact, HistoryEnd, HistoryMessage, HistoryNotice, Quiet, ReactionsNow
from prove.index.index import Index
from prove.promises.p3_one_order import one_order

TALK = "d~1~2"
ANN, BEN = "1", "2"


def _complaints(head: int, on: tuple[tuple[int, str, int, bool, tuple[str, ...]], ...] = ()) -> list[str]:
    """Of a page as of `head`; message 1 got a reaction with event 2 and is deleted by event 4."""
    facts: list[AnyFact] = [
        Quiet((), 9),
        ReactionsNow(BEN, TALK, head, (1,), on),
        HistoryMessage(BEN, TALK, 1, 1, ANN, "11", "m1", "one"),
        HistoryNotice(BEN, TALK, 2, 1, BEN, "21", "r1", "reaction", ("1",), "", "+x"),
        HistoryMessage(BEN, TALK, 3, 2, ANN, "11", "m2", "two"),
        HistoryNotice(BEN, TALK, 4, 2, ANN, "11", "d1", "deleted", ("1",), ""),
        HistoryEnd(BEN, TALK, 4),
    ]
    return [one.what for one in one_order(Index(facts)) if "a page tells" in one.what]


def test_a_page_that_was_read_while_its_message_was_deleted_may_have_no_reactions() -> None:
    assert _complaints(3) == []


def test_what_such_a_page_does_tell_is_held_against_the_events() -> None:
    assert _complaints(3, ((1, "x", 1, True, (BEN,)),)) == []
    assert len(_complaints(3, ((1, "x", 2, True, (BEN,)),))) == 1
    assert len(_complaints(3, ((1, "y", 1, True, (BEN,)),))) == 1


def test_a_page_from_after_the_deletion_has_none() -> None:
    assert _complaints(4) == []
    assert len(_complaints(4, ((1, "x", 1, True, (BEN,)),))) == 1

"""Whom the checks expect an event of a large group to be copied to."""

from prove.index.pulled import audience_of
from prove.index.rows import Row
from prove.index.sends import Send
from prove.ranges import FOREVER, Numbers


def _row(
    number: int, sender: str, change: str = "", *subjects: str, reply_to: int = 0, mentions: tuple[str, ...] = ()
) -> Row:
    send = Send(
        f"{sender}-phone", sender, "g~1", f"i{number}", "", "", change, number, mentions=mentions, reply_to=reply_to
    )
    return Row(0, sender, send.device, send.id, "", change, subjects, "", send)


def test_an_edit_is_for_whoever_wrote_what_the_message_answers_and_for_whom_it_named_before() -> None:
    rows = {
        1: _row(1, "ann"),
        2: _row(2, "ben", reply_to=1, mentions=("cem",)),
        3: _row(3, "ben", "edited", "2", mentions=("dan",)),
        4: _row(4, "ben", "edited", "2"),
        5: _row(5, "eva", "deleted", "2"),
    }
    always = {one: Numbers([(1, FOREVER)]) for one in ("ben", "cem", "dan", "eva", "fay")}
    inside = {**always, "ann": Numbers([(3, FOREVER)])}  # she was out when she was answered
    got = audience_of(rows, Numbers([(1, FOREVER)]), inside)
    told = {number: {one for one, numbers in got.items() if number in numbers} for number in rows}
    assert told == {
        1: set(),
        2: {"ben", "cem"},
        3: {"ann", "ben", "cem", "dan"},
        4: {"ann", "ben", "cem", "dan"},
        5: {"ann", "ben", "cem", "dan", "eva"},
    }

"""The digest of what is asked: whatever a client can write in JSON has one, or is refused by a code."""

import pytest

from chinwag.domain.body import Text
from chinwag.domain.command import Action, Delete, Edit, React, Send, asked
from chinwag.domain.refusal import Code, Refused


@pytest.mark.parametrize("number", [2**64, 10**30, -(2**63) - 1], ids=str)
def test_a_number_that_nothing_holds_is_refused(number: int) -> None:
    actions: list[Action] = [Send(Text("x"), number), Edit(number, Text("x")), Delete(number), React(number, "x")]
    for action in actions:
        with pytest.raises(Refused) as refused:
            asked(action)
        assert refused.value.code is Code.BAD_REQUEST


def test_what_is_asked_otherwise_differs() -> None:
    assert asked(Send(Text("x"), 1)) == asked(Send(Text("x"), 1))
    assert asked(Send(Text("x"), 1)) != asked(Send(Text("x"), 2))

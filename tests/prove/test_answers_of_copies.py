"""What the checks take for the answer to a send of which copies were under way at once."""

import pytest
from prove.facts import AnyFact, Attempt, Refused, Retry
from prove.index.index import Index

TRIED = Attempt("d", "a", "c", "m1", "one", "", 1)
AGAIN = Retry("d", "c", "m1", 1, 1, "")
NEVER = Refused("d", "c", "m1", "not_member", False, 2)
LATER = Refused("d", "c", "m1", "unavailable", True, 3)


@pytest.mark.parametrize(
    ("facts", "answer"),
    [
        ([TRIED, AGAIN, NEVER, LATER], "refused"),
        ([TRIED, AGAIN, LATER, NEVER], "refused"),
        ([TRIED, LATER, AGAIN, LATER], "later"),
        ([TRIED, NEVER, AGAIN, LATER], "later"),
        ([TRIED, NEVER, AGAIN], "none"),
    ],
)
def test_a_no_for_ever_stands_beside_a_try_again_to_its_copy(facts: list[AnyFact], answer: str) -> None:
    assert [send.answer for send in Index(facts).sends.all()] == [answer]

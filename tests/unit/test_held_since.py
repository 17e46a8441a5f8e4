"""Which holders of an inbox are given what was posted, and who reads it."""

from chinwag.adapters.held_since import APART_MS, HeldSince
from chinwag.domain.ids import AccountId

ANN, BEN = AccountId("a1"), AccountId("b2")


def test_what_was_posted_before_somebody_came_is_read() -> None:
    now = 1_000_000
    since = HeldSince(lambda: now)
    since.hold(ANN)
    assert not since.given(ANN, now - 60_000)
    assert not since.given(ANN, now + APART_MS), "clocks may be so far apart"
    assert since.given(ANN, now + APART_MS + 1)
    assert since.given(ANN, 0), "just now"
    now += 60_000
    since.hold(ANN)  # one more session
    assert not since.given(ANN, now)
    assert since.given(BEN, now), "nobody is there to be told"
    since.release(ANN)
    assert since.given(ANN, now)

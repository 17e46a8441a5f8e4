"""How many a gateway lets in: bounded, and each of the others gets a time of its own."""

from hypothesis import given
from hypothesis import strategies as st

from chinwag.roles.gateway.pace import MOST_SECONDS, Pace


def test_without_a_pace_all_come_in() -> None:
    pace = Pace(None, 0.0)
    assert not any(pace.wait(0.0) for _ in range(10_000))


def test_one_second_of_them_comes_in_at_once_and_the_rest_one_after_the_other() -> None:
    pace = Pace(10.0, 100.0)
    told = [pace.wait(100.0) for _ in range(30)]
    assert told[:10] == [0.0] * 10
    assert [round(one, 6) for one in told[10:]] == [round(place / 10, 6) for place in range(1, 21)]


def test_those_who_come_when_they_were_told_to_are_let_in() -> None:
    pace = Pace(10.0, 0.0)
    told = sorted(wait for _ in range(300) if (wait := pace.wait(0.0)))
    assert all(pace.wait(at + 0.001) == 0.0 for at in told)


def test_a_gateway_that_is_slower_than_one_a_second_lets_one_in() -> None:
    pace = Pace(0.01, 0.0)
    assert pace.wait(0.0) == 0.0
    assert pace.wait(0.0) == 100.0
    assert pace.wait(100.0) == 0.0


@given(st.floats(0.5, 1_000), st.lists(st.floats(0, 5), min_size=1, max_size=300))
def test_never_more_than_the_pace_and_never_too_late(per_second: float, pauses: list[float]) -> None:
    pace, now, come = Pace(per_second, 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        wait = pace.wait(now)
        come += not wait
        assert 0.0 <= wait <= max(MOST_SECONDS, 1.0 / per_second) + 1e-6
        assert come <= max(1, int(per_second)) + per_second * now + 1e-6

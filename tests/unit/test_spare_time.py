"""Work that is never urgent: what it takes beside an event loop that has much, little or nothing to do."""

import pytest

from chinwag.flow.spare_time import (
    LEAST_SHARE,
    LOOK_SECONDS,
    MOST_SECONDS,
    STINT_REST,
    STINT_SECONDS,
    SpareTime,
    Stints,
)


class Loop:
    """A loop that works for a part of each second, beside other threads, on clocks of its own."""

    def __init__(self, busy: float, others: float = 0.0) -> None:
        self.busy = busy
        self.others = others
        self.now = 0.0
        self.own = 0.0
        self.together = 0.0
        self.ended = False

    async def passes(self, seconds: float) -> None:
        if self.ended:
            return
        self.now += seconds
        self.own += self.busy * seconds
        self.together += (self.busy + self.others) * seconds


async def share(loop: Loop, spare: SpareTime, worked: float, pieces: int = 200) -> float:
    """The part of the time that pieces of work take, once it is known how much there is to do."""
    for _ in range(20):
        await spare.rest(worked)
    began = loop.now
    for _ in range(pieces):
        await spare.rest(worked)
    rested = loop.now - began
    return pieces * worked / (pieces * worked + rested)


def on(loop: Loop, cores: int = 2) -> SpareTime:
    return SpareTime(lambda: loop.own, lambda: loop.now, loop.passes, lambda: loop.together, cores)


@pytest.mark.parametrize(("busy", "least", "most"), [(0.0, 0.85, 1.0), (0.5, 0.22, 0.28), (0.8, 0.035, 0.045)])
async def test_it_takes_what_is_left(busy: float, least: float, most: float) -> None:
    loop = Loop(busy)
    assert least <= await share(loop, on(loop), 0.02) <= most


async def test_where_nothing_is_left_it_takes_little_and_gets_on() -> None:
    loop = Loop(1.0)
    assert await share(loop, on(loop), 0.02) == pytest.approx(LEAST_SHARE, rel=0.01)


@pytest.mark.parametrize(("cores", "least", "most"), [(1, 0.0, LEAST_SHARE + 0.001), (2, 0.15, 0.17), (4, 0.15, 0.17)])
async def test_what_other_threads_need_of_the_cores_is_not_left(cores: int, least: float, most: float) -> None:
    """Of one core that the loop and the threads beside it fill, nothing is left, though the loop seems idle often."""
    loop = Loop(0.6, others=0.35)
    assert least <= await share(loop, on(loop, cores), 0.02) <= most


async def test_it_takes_more_again_when_the_loop_has_less_to_do() -> None:
    loop = Loop(1.0)
    spare = on(loop)
    await share(loop, spare, 0.02)
    loop.busy = 0.0
    assert await share(loop, spare, 0.02) > 0.85


async def test_no_rest_is_without_an_end() -> None:
    loop = Loop(1.0)
    spare = on(loop)
    await share(loop, spare, 0.02)
    before = loop.now
    await spare.rest(3_600.0)
    assert loop.now - before == pytest.approx(MOST_SECONDS)


async def test_a_rest_hears_within_a_moment_that_there_is_less_to_do() -> None:
    loop = Loop(1.0)
    spare = on(loop)
    await share(loop, spare, 0.02)
    loop.busy = 0.0
    before = loop.now
    await spare.rest(0.2)
    assert loop.now - before < 8 * LOOK_SECONDS  # and not the twenty seconds that a full loop leaves it


async def test_a_rest_that_is_ended_ends() -> None:
    loop = Loop(1.0)
    spare = on(loop)
    await share(loop, spare, 0.02)
    loop.ended = True
    before = loop.now
    await spare.rest(0.2)
    assert loop.now == before


def test_a_thread_lets_others_in_after_each_stint_and_not_before() -> None:
    now = 0.0
    rests: list[float] = []
    stints = Stints(lambda: now, rests.append)
    for piece in range(1, 101):
        now = piece * 0.3 * STINT_SECONDS  # the fourth of them ends after a stint
        stints.breathe()
    assert rests == [STINT_REST] * 25

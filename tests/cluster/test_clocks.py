"""A clock that is off, or that nobody could compare for a while, lets nothing be appended."""

from typing import cast

import pytest

from chinwag.adapters.postgres.database import Database, Row
from chinwag.assembly.cluster.clocks import CLOCK_SECONDS, STALE_SECONDS, ComparedClock, apart_from, database_time
from chinwag.domain.refusal import Code, Refused


class World:
    """This machine's clock in seconds, the database's, and the time that passes."""

    def __init__(self) -> None:
        self.here = 1_000.0
        self.there = 1_000.0
        self.passed = 50.0
        self.away = False
        self.clock = ComparedClock(
            database_time(cast("Database", self)), lambda: round(self.here * 1000), lambda: self.passed
        )

    async def row(self, _: str) -> Row:
        if self.away:
            raise Refused(Code.UNAVAILABLE)
        return [self.there]

    def good(self) -> bool:
        try:
            self.clock.require()
        except Refused as refused:
            return refused.code is not Code.UNAVAILABLE
        return True


@pytest.mark.parametrize(("ahead", "good"), [(0.0, True), (0.9, True), (-0.9, True), (1.2, False), (-1.2, False)])
async def test_a_clock_is_good_within_a_second_whichever_way(ahead: float, good: bool) -> None:
    world = World()
    world.here += ahead
    await world.clock.compare()
    assert world.good() is good
    assert abs(world.clock.apart - ahead) < 0.01


async def test_a_clock_that_was_never_compared_or_not_of_late_is_not_good() -> None:
    world = World()
    assert not world.good()
    await world.clock.compare()
    world.away = True
    world.passed += STALE_SECONDS - 1
    with pytest.raises(Refused):
        await world.clock.compare()
    assert world.good(), "what was found last holds for a while"
    world.passed += 1
    assert not world.good()
    world.away = False
    await world.clock.compare()
    assert world.good()


async def test_a_slow_answer_makes_no_clock_wrong() -> None:
    """The database read its clock some time between question and answer."""
    here = 1_000.0

    async def slow() -> float:
        nonlocal here
        there = here
        here += 5 * CLOCK_SECONDS
        return there

    assert await apart_from(slow, lambda: round(here * 1000)) == 0.0

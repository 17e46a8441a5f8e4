"""The contract of the `ShownPeople`, over every adapter."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from prove.faults.proxy import Way
from tests.contract.counting import Time, counting
from tests.contract.directories import PostgresPlace, eventually

from chinwag.adapters.relational.counted_together import CountedTogether
from chinwag.adapters.relational.postgres import prepare_postgres_directory
from chinwag.adapters.relational.shared_shown_people import SharedShownPeople
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.own_shown_people import OwnShownPeople
from chinwag.ports.shown_people import DAY_SECONDS, ShownPeople

ANN, BEN = AccountId("1"), AccountId("2")
DAILY = 10
DAY_MS = int(DAY_SECONDS * 1000)


@pytest.fixture(params=["own", "shared"])
async def pair(request: pytest.FixtureRequest, time: Time) -> AsyncIterator[tuple[ShownPeople, ShownPeople]]:
    """As two servers have them; in memory they are but one's."""
    if request.param == "own":
        own = OwnShownPeople(lambda: time() / 1000, DAILY)
        yield own, own
        return
    async with counting(request.config) as (one, other):
        yield SharedShownPeople(one, time, DAILY), SharedShownPeople(other, time, DAILY)


Pair = tuple[ShownPeople, ShownPeople]


def some(first: int, count: int) -> list[AccountId]:
    return [AccountId(str(100 + number)) for number in range(first, first + count)]


async def test_new_people_are_shown_while_there_is_room_and_those_of_today_again(pair: Pair, time: Time) -> None:
    one, other = pair
    assert (await one.show(ANN, some(0, 6))).people == tuple(some(0, 6))
    time.now += 1_000
    shown = await other.show(ANN, some(3, 9))
    assert shown.people == tuple(some(3, 7)), "the first first"
    assert shown.seconds == pytest.approx(DAY_SECONDS - 1)
    assert (await one.show(ANN, some(20, 3))).people == ()
    assert (await one.show(ANN, [*some(20, 1), *some(9, 1), *some(0, 1)])).people == (*some(9, 1), *some(0, 1))
    assert (await other.show(BEN, some(20, 3))).people == tuple(some(20, 3)), "each account has its own day"


async def test_a_day_begins_with_the_first_who_is_shown_and_ends_a_day_later(pair: Pair, time: Time) -> None:
    one, other = pair
    assert (await one.show(ANN, [])).people == ()
    await one.show(ANN, some(0, 1))
    time.now += DAY_MS - 1
    assert (await other.show(ANN, some(0, DAILY))).people == tuple(some(0, DAILY))
    assert (await one.show(ANN, some(20, 1))).people == ()
    time.now += 1
    shown = await other.show(ANN, some(20, DAILY + 1))
    assert (shown.people, shown.seconds) == (tuple(some(20, DAILY)), DAY_SECONDS)
    assert (await one.show(ANN, some(0, 1))).people == (), "whom it saw the day before is new again"


async def test_of_many_at_once_no_more_are_shown_than_in_a_row(pair: Pair) -> None:
    found = await asyncio.gather(*(pair[turn % 2].show(ANN, some(turn * 3, 3)) for turn in range(12)))
    assert len({one for shown in found for one in shown.people}) == DAILY


async def test_the_table_names_nobody_and_keeps_no_day_that_is_over(postgres_url: str, time: Time) -> None:
    await prepare_postgres_directory(postgres_url)
    together = CountedTogether(postgres_url)
    shown = SharedShownPeople(together, time, DAILY, most=5)
    async with PostgresPlace.behind_a_proxy(postgres_url) as place:
        for number in range(8):
            await shown.show(AccountId(f"70000{number}"), [AccountId("8000001")])
            time.now += 1
        [[held]] = await place.execute(
            "SELECT string_agg(encode(key, 'escape') || encode(people, 'escape'), '') FROM shown_people"
        )
        assert "70000" not in str(held)
        assert "8000001" not in str(held)
        await shown.sweep()
        assert await place.execute("SELECT count(*) FROM shown_people") == [(5,)]
        time.now += DAY_MS - 3
        await shown.sweep()
        assert await place.execute("SELECT count(*) FROM shown_people") == [(2,)]
    await together.close()


async def test_with_the_database_away_it_is_unavailable_and_comes_back(postgres_url: str, time: Time) -> None:
    await prepare_postgres_directory(postgres_url)
    async with PostgresPlace.behind_a_proxy(postgres_url) as place:
        together = CountedTogether(place.proxied)
        shown = SharedShownPeople(together, time, DAILY)
        await shown.show(ANN, some(0, DAILY))
        for way in (Way.GONE, Way.SILENT):
            place.proxy.turn(way)
            async with asyncio.timeout(60):
                with pytest.raises(Refused) as refusal:
                    await shown.show(ANN, some(0, 1))
            assert refusal.value.code is Code.UNAVAILABLE
        place.proxy.turn(Way.PASS)
        assert (await eventually(lambda: shown.show(ANN, some(DAILY, 1)))).people == ()
        await together.close()

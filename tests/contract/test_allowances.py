"""The contract of the `Allowances`, over every adapter."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256

import pytest
from prove.faults.proxy import Way
from tests.contract.counting import Time, counting
from tests.contract.directories import PostgresPlace, eventually

from chinwag.adapters.relational.counted_together import CountedTogether
from chinwag.adapters.relational.postgres import prepare_postgres_directory
from chinwag.adapters.relational.shared_allowances import SharedAllowances
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.own_allowances import OwnAllowances
from chinwag.ports.allowances import Allowance, Allowances

WINDOW = 3_000
SECOND, SLOW = Rate(1.0, 3), Rate(1000 / WINDOW, 1)
THREE, OTHER = Allowance("guess", "ann", SECOND), Allowance("guess", "ben", SECOND)
ONE = Allowance("address", "192.0.2.1", SLOW)


@pytest.fixture(params=["own", "shared"])
async def pair(request: pytest.FixtureRequest, time: Time) -> AsyncIterator[tuple[Allowances, Allowances]]:
    """The allowances as two servers have them; in memory they are but one's."""
    if request.param == "own":
        own = OwnAllowances(time)
        yield own, own
        return
    async with counting(request.config) as (one, other):
        yield SharedAllowances(one, time), SharedAllowances(other, time)


Pair = tuple[Allowances, Allowances]


async def test_what_is_taken_is_gone_for_all_and_comes_back_by_itself(pair: Pair, time: Time) -> None:
    one, other = pair
    assert [await where.take([THREE]) for where in (one, other, one)] == [0.0] * 3
    for where in pair:
        assert await where.take([THREE]) == pytest.approx(1.0)
    assert await other.take([OTHER]) == 0
    time.now += 500
    assert await one.take([THREE]) == pytest.approx(0.5)
    time.now += 500
    assert await other.take([THREE]) == 0
    assert await one.take([THREE]) == pytest.approx(1.0)
    time.now += 10 * WINDOW
    assert [await one.take([THREE]) for _ in range(4)] == [0.0, 0.0, 0.0, pytest.approx(1.0)]


async def test_either_all_are_taken_or_none(pair: Pair) -> None:
    one, other = pair
    assert await one.take([ONE]) == 0
    assert await other.take([THREE, ONE]) == pytest.approx(3.0), "the longest wait of all"
    assert await other.take([THREE], also=[ONE]) == pytest.approx(3.0)
    assert [await one.take([THREE]) for _ in range(3)] == [0.0] * 3


async def test_what_is_only_looked_at_stays(pair: Pair) -> None:
    one, other = pair
    for _ in range(3):
        assert await one.take([THREE], also=[ONE]) == 0
    assert await other.take([ONE]) == 0


async def test_what_is_given_back_is_there_and_never_more_than_full(pair: Pair) -> None:
    one, other = pair
    assert [await one.take([THREE]) for _ in range(3)] == [0.0] * 3
    await other.give_back([THREE])
    assert [await one.take([THREE]) for _ in range(2)] == [0.0, pytest.approx(1.0)]
    for _ in range(5):
        await other.give_back([THREE, OTHER])
    for name in (THREE, OTHER):
        assert [await one.take([name]) for _ in range(4)] == [0.0, 0.0, 0.0, pytest.approx(1.0)]


async def test_an_empty_one_stays_empty_when_spent(pair: Pair) -> None:
    one, other = pair
    for _ in range(9):
        await other.spend([THREE])
    assert await one.take([THREE]) == pytest.approx(1.0)


async def test_a_clock_that_steps_back_gives_nothing(pair: Pair, time: Time) -> None:
    one, _ = pair
    assert await one.take([ONE]) == 0
    time.now -= 50_000
    assert await one.take([ONE]) > 0


async def test_of_many_at_once_the_last_one_is_taken_once(pair: Pair) -> None:
    places = [THREE, OTHER, ONE]
    waits = await asyncio.gather(*(pair[turn % 2].take(places[::step]) for turn in range(10) for step in (1, -1)))
    assert [wait for wait in waits if wait == 0] == [0.0]


async def test_each_kind_comes_back_at_its_own_rate(pair: Pair, time: Time) -> None:
    one, other = pair
    fast, slow = Allowance("search", "7", Rate(2.0, 40), 40), Allowance("added", "7", Rate(0.003, 50), 50)
    assert await one.take([fast]) == 0
    assert await one.take([slow]) == 0
    time.now += 10_000
    assert list(await other.short([fast, slow])) == [pytest.approx(10.0), pytest.approx(49.97 / 0.003)]
    time.now += 10_000
    assert await other.take([fast]) == 0
    assert await other.take([Allowance("added", "7", Rate(0.003, 50))]) == pytest.approx(0.94 / 0.003)


async def test_several_are_taken_of_one_and_given_back(pair: Pair, time: Time) -> None:
    one, other = pair
    two, all_ = Allowance("guess", "ann", SECOND, 2), Allowance("guess", "ann", SECOND, 3)
    assert await one.take([two]) == 0
    assert await other.take([two]) == pytest.approx(1.0)
    assert await other.take([two, OTHER]) == pytest.approx(1.0)
    assert await other.take([OTHER], also=[two]) == pytest.approx(1.0)
    await other.give_back([two])
    assert await one.take([all_, OTHER]) == 0
    await one.spend([all_])
    time.now += 3_000
    assert await other.take([all_]) == 0


async def test_what_is_short_is_told_one_by_one_and_nothing_is_taken(pair: Pair) -> None:
    one, other = pair
    assert await one.short([]) == []
    assert await one.take([THREE, ONE]) == 0
    for _ in range(3):
        asked = [ONE, OTHER, Allowance("guess", "ann", SECOND, 3)]
        assert await other.short(asked) == [pytest.approx(3.0), 0.0, pytest.approx(1.0)]
    assert await one.take([], also=[ONE]) == pytest.approx(3.0)
    assert [await one.take([THREE]) for _ in range(2)] == [0.0, 0.0]


async def test_what_a_server_of_the_version_before_counts_goes_on_counting(postgres_url: str, time: Time) -> None:
    """Its rows do not say when they are full."""
    await prepare_postgres_directory(postgres_url)
    together = CountedTogether(postgres_url)
    shared = SharedAllowances(together, time)
    async with PostgresPlace.behind_a_proxy(postgres_url) as place:
        for key in (THREE, OTHER):
            digest = sha256(f"{key.kind}\0{key.key}".encode()).hexdigest()[:32]
            await place.execute(f"INSERT INTO allowances VALUES (decode('{digest}', 'hex'), 0, {time.now})")
        await shared.sweep()
        assert await shared.take([THREE]) == pytest.approx(1.0)
        assert await shared.take([THREE, OTHER]) == pytest.approx(1.0)
        time.now += 25 * 3_600_000
        await shared.sweep()
        assert await place.execute("SELECT count(*) FROM allowances") == [(0,)]
    await together.close()


async def test_nothing_to_take_is_taken(pair: Pair) -> None:
    one, _ = pair
    assert await one.take([]) == 0
    await one.give_back([])
    await one.spend([])


@pytest.mark.parametrize(
    "key", ["", "\0", "%", "\U0010ffff", "a" * 100_000], ids=["none", "nul", "sign", "last", "long"]
)
async def test_any_key_is_one(pair: Pair, key: str) -> None:
    one, other = pair
    assert await one.take([Allowance("guess", key, SLOW)]) == 0
    assert await other.take([Allowance("guess", key, SLOW)]) > 0
    assert await other.take([Allowance("sign up", key, SLOW)]) == 0


async def test_the_table_keeps_no_name_and_nothing_that_is_full_again(postgres_url: str, time: Time) -> None:
    await prepare_postgres_directory(postgres_url)
    together = CountedTogether(postgres_url)
    shared = SharedAllowances(together, time, most=50)
    async with PostgresPlace.behind_a_proxy(postgres_url) as place:
        for number in range(60):
            await shared.take([Allowance("guess", f"ann{number}", SECOND)])
            time.now += 1
        [[held]] = await place.execute("SELECT string_agg(allowances::text, '') FROM allowances")
        assert "ann" not in str(held)
        await shared.sweep()
        assert await place.execute("SELECT count(*) FROM allowances") == [(50,)]
        latest = Allowance("guess", "ann59", SECOND)
        assert [await shared.take([latest]) for _ in range(2)] == [0.0, 0.0]
        assert await shared.take([latest]) > 0, "the latest stay"
        time.now += 2 * WINDOW
        assert await shared.take([OTHER]) == 0
        await shared.sweep()
        assert await place.execute("SELECT count(*) FROM allowances") == [(1,)]
    await together.close()


@pytest.mark.parametrize(
    "ask",
    [
        lambda shared: shared.take([OTHER]),
        lambda shared: shared.take([OTHER, THREE]),
        lambda shared: shared.short([OTHER]),
        lambda shared: shared.spend([OTHER]),
        lambda shared: shared.give_back([OTHER]),
    ],
    ids=["take", "take several", "short", "spend", "give back"],
)
async def test_with_the_database_away_it_is_unavailable_and_comes_back(
    postgres_url: str, time: Time, ask: Callable[[SharedAllowances], Awaitable[object]]
) -> None:
    await prepare_postgres_directory(postgres_url)
    async with PostgresPlace.behind_a_proxy(postgres_url) as place:
        together = CountedTogether(place.proxied)
        shared = SharedAllowances(together, time)
        assert await shared.take([ONE]) == 0
        for way in (Way.GONE, Way.SILENT):
            place.proxy.turn(way)
            async with asyncio.timeout(60):
                with pytest.raises(Refused) as refusal:
                    await ask(shared)
            assert refusal.value.code is Code.UNAVAILABLE
        place.proxy.turn(Way.PASS)
        await eventually(lambda: shared.spend([OTHER]))
        assert await shared.take([ONE]) > 0
        await together.close()

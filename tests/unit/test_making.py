"""Answers are made a few at a time for each owner, and who waits for a place and goes leaves nothing behind."""

import asyncio

import pytest

from chinwag.domain.refusal import Code, Refused
from chinwag.roles.api.making import Making, Place


async def _hold(making: Making, owner: str, inside: list[str], until: asyncio.Event) -> None:
    async with making.place(owner):
        inside.append(owner)
        try:
            await until.wait()
        finally:
            inside.remove(owner)


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_one_owner_has_so_many_places_and_others_theirs() -> None:
    making, inside, until = Making(of_owner=2, in_all=4), list[str](), asyncio.Event()
    tasks = [asyncio.create_task(_hold(making, owner, inside, until)) for owner in "aaaaabbbbbcc"]
    await _settle()
    assert sorted(inside) == ["a", "a", "b", "b"]
    until.set()
    await asyncio.gather(*tasks)
    assert (inside, len(making)) == ([], 0)


async def test_who_stops_waiting_takes_no_place_and_keeps_nobody_out() -> None:
    making, inside, until = Making(of_owner=1, in_all=9), list[str](), asyncio.Event()
    first, second, third = (asyncio.create_task(_hold(making, "a", inside, until)) for _ in range(3))
    await _settle()
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await _settle()
    assert (inside, third.done()) == (["a"], False)
    until.set()
    await third
    assert len(making) == 0


async def test_nobody_waits_for_a_place_for_ever() -> None:
    making, inside, until = Making(of_owner=1, in_all=9, seconds=0.0), list[str](), asyncio.Event()
    first = asyncio.create_task(_hold(making, "a", inside, until))
    await _settle()
    with pytest.raises(Refused) as refused:
        await asyncio.wait_for(_hold(making, "a", inside, until), 60)
    assert refused.value.code is Code.OVERLOADED
    until.set()
    await first
    await _hold(making, "a", inside, until)
    assert len(making) == 0


async def test_who_waits_for_one_of_all_places_gives_its_owners_place_back() -> None:
    making, inside, until = Making(of_owner=1, in_all=1, seconds=0.0), list[str](), asyncio.Event()
    first = asyncio.create_task(_hold(making, "a", inside, until))
    await _settle()
    with pytest.raises(Refused):
        await asyncio.wait_for(_hold(making, "b", inside, until), 60)
    until.set()
    await first
    await asyncio.wait_for(_hold(making, "b", inside, until), 60)
    assert len(making) == 0


async def test_who_waits_for_news_leaves_its_place_to_others() -> None:
    making, inside, until, news = Making(of_owner=1, in_all=1), list[str](), asyncio.Event(), asyncio.Event()
    until.set()

    async def poll() -> None:
        async with making.place("a") as place:
            async with place.left():
                await news.wait()
            inside.append("news")

    polling = asyncio.create_task(poll())
    await _settle()
    await asyncio.wait_for(_hold(making, "a", inside, until), 60)
    await asyncio.wait_for(_hold(making, "b", inside, until), 60)
    assert not polling.done()
    news.set()
    await asyncio.wait_for(polling, 60)
    assert (inside, len(making)) == (["news"], 0)


async def test_one_that_ends_while_it_waits_for_news_has_no_place_to_give_back() -> None:
    making = Making(of_owner=1, in_all=1)
    place = Place(making, "a")
    await place.take()
    with pytest.raises(Refused):
        async with place.left():
            raise Refused(Code.DRAIN)
    place.leave()
    assert len(making) == 0
    async with making.place("a"):
        assert len(making) == 1
    assert len(making) == 0

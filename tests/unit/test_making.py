"""Answers are made a few at a time for each owner, and who waits for a place and goes leaves nothing behind."""

import asyncio

from chinwag.roles.api.making import Making


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

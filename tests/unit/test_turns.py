"""Turns: in order, bounded in each turn of the loop, and nobody who has gone holds up the others."""

import asyncio

from chinwag.roles.gateway.turns import SIGNATURE, STRETCH, TURN, Turns


class Loop:
    """Counts the turns of the running loop."""

    def __init__(self) -> None:
        self.turn = 0
        self._loop = asyncio.get_running_loop()
        self._loop.call_soon(self._count)

    def _count(self) -> None:
        self.turn += 1
        self._loop.call_soon(self._count)


async def test_no_turn_takes_more_than_it_has_room_for() -> None:
    turns, loop = Turns(), Loop()
    took: list[tuple[int, int, int]] = []

    async def work(who: int, size: int) -> None:
        await turns.take(size)
        took.append((loop.turn, who, size))

    sizes = [SIGNATURE, STRETCH, SIGNATURE, SIGNATURE, STRETCH, *[SIGNATURE] * 2 * TURN]
    await asyncio.gather(*(work(who, size) for who, size in enumerate(sizes)))
    assert [who for _, who, _ in took] == list(range(len(sizes)))
    for turn in {turn for turn, _, _ in took}:
        assert sum(size for when, _, size in took if when == turn) <= TURN


async def test_one_who_waits_alone_waits_for_nobody() -> None:
    turns, loop = Turns(), Loop()
    for _ in range(3):
        began = loop.turn
        await turns.take(STRETCH)
        assert loop.turn - began <= 3


async def test_who_has_gone_takes_no_room() -> None:
    turns = Turns()
    gone = [asyncio.create_task(turns.take(STRETCH)) for _ in range(5)]
    last = asyncio.create_task(turns.take(STRETCH))
    await asyncio.sleep(0)
    for each in gone:
        each.cancel()
    loop = Loop()
    await last
    assert loop.turn <= 3
    assert all(result is not None for result in await asyncio.gather(*gone, return_exceptions=True))

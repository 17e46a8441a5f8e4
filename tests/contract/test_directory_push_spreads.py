"""The contract of the Directory's rounds of pushes through large groups, over every adapter."""

import msgspec

from chinwag.domain.ids import ConversationId
from chinwag.ports.directory import PUSHES, Directory, Spread
from chinwag.ports.directory.push_spreads import EVERY_MS

TEA, RIVER = ConversationId("g~1"), ConversationId("g~2")


async def want(directory: Directory, name: ConversationId, number: int, due: int, *, everyone: bool = False) -> None:
    async with directory.transaction(account=PUSHES) as transaction:
        await transaction.push_spreads.want(name, everyone, number, due)


async def due(directory: Directory, now: int) -> Spread | None:
    async with directory.reading() as reading:
        return await reading.push_spreads.next(now)


async def put(directory: Directory, spread: Spread) -> None:
    async with directory.transaction(account=PUSHES) as transaction:
        await transaction.push_spreads.put(spread)


async def test_the_one_that_is_due_first_comes_first_with_its_newest_message(directory: Directory) -> None:
    await want(directory, TEA, 5, 200)
    await want(directory, TEA, 4, 300, everyone=True)
    await want(directory, RIVER, 9, 100)
    await want(directory, TEA, 7, 900)
    await want(directory, TEA, 6, 900)
    assert await due(directory, 99) is None
    assert await due(directory, 500) == Spread(conversation=RIVER, everyone=False, number=9, due=100)
    await put(directory, Spread(conversation=RIVER, everyone=False, number=9, due=None))
    assert await due(directory, 500) == Spread(conversation=TEA, everyone=False, number=7, due=200)
    await put(directory, Spread(conversation=TEA, everyone=False, number=7, due=None))
    assert await due(directory, 500) == Spread(conversation=TEA, everyone=True, number=4, due=300)


async def test_a_round_that_is_under_way_goes_on_and_the_next_begins_so_much_later(directory: Directory) -> None:
    await want(directory, TEA, 5, 200)
    spread = Spread(
        conversation=TEA, everyone=False, number=5, covered=5, begun_at=200, due=210, after="12.\u00e9\0", told=500
    )
    await put(directory, spread)
    await want(directory, TEA, 6, 1_000)
    assert await due(directory, 210) == msgspec.structs.replace(spread, number=6)
    over = msgspec.structs.replace(spread, due=None, after="")
    await put(directory, over)
    assert await due(directory, 1 << 50) is None
    await want(directory, TEA, 8, 2_000)
    assert await due(directory, 199 + EVERY_MS) is None
    assert await due(directory, 200 + EVERY_MS) == msgspec.structs.replace(over, number=8, due=200 + EVERY_MS)


async def test_a_clock_that_was_set_back_puts_no_round_off(directory: Directory) -> None:
    await want(directory, TEA, 5, 200)
    await put(directory, Spread(conversation=TEA, everyone=False, number=5, begun_at=1 << 50, due=None))
    await want(directory, TEA, 6, 300)
    found = await due(directory, 300 + EVERY_MS)
    assert found is not None
    assert found.number == 6

"""Single questions read together: shared, fresh, and harmless to one another."""

import asyncio
from collections.abc import Sequence

import pytest

from chinwag.flow.together import MOST, Together


class Reader:
    """Answers every question with itself doubled, when it is let."""

    def __init__(self) -> None:
        self.reads: list[tuple[int, ...]] = []
        self.let = asyncio.Event()
        self.begun = asyncio.Event()
        self.failure: Exception | None = None

    async def __call__(self, questions: Sequence[int]) -> dict[int, int]:
        self.reads.append(tuple(questions))
        self.begun.set()
        await self.let.wait()
        if self.failure is not None:
            raise self.failure
        return {question: 2 * question for question in questions}


async def test_who_asks_during_a_read_shares_the_next_one() -> None:
    reader = Reader()
    together = Together(reader)
    first = asyncio.create_task(together.ask(1))
    await reader.begun.wait()
    later = [asyncio.create_task(together.ask(question)) for question in (1, 2, 3, 2)]
    await asyncio.sleep(0)
    reader.let.set()
    assert await first == 2
    assert await asyncio.gather(*later) == [2, 4, 6, 4]
    assert reader.reads == [(1,), (1, 2, 3)]


async def test_a_read_is_bounded() -> None:
    reader = Reader()
    together = Together(reader)
    asked = [asyncio.create_task(together.ask(question)) for question in range(MOST + 5)]
    reader.let.set()
    assert await asyncio.gather(*asked) == [2 * question for question in range(MOST + 5)]
    assert max(map(len, reader.reads)) <= MOST


async def test_a_failure_reaches_those_of_its_read_only() -> None:
    reader = Reader()
    reader.failure = LookupError("away")
    together = Together(reader)
    failed = asyncio.create_task(together.ask(1))
    await reader.begun.wait()
    reader.let.set()
    with pytest.raises(LookupError):
        await failed
    reader.failure = None
    assert await together.ask(1) == 2


async def test_one_who_gives_up_takes_nothing_from_the_others() -> None:
    reader = Reader()
    together = Together(reader)
    one, other = asyncio.create_task(together.ask(1)), asyncio.create_task(together.ask(1))
    await reader.begun.wait()
    one.cancel()
    reader.let.set()
    assert await other == 2
    with pytest.raises(asyncio.CancelledError):
        await one

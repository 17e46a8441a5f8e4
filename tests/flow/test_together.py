"""Single questions read together: shared, fresh, and harmless to one another."""

import asyncio
from collections.abc import Sequence

import pytest

from chinwag.domain.refusal import Code, Refused
from chinwag.flow.together import MOST, Together


class Reader:
    """Answers every question with itself doubled, when it is let."""

    def __init__(self) -> None:
        self.reads: list[tuple[int, ...]] = []
        self.let = asyncio.Event()
        self.begun = asyncio.Event()
        self.failure: BaseException | None = None

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


async def test_what_a_read_waits_for_may_be_cancelled_and_all_are_told() -> None:
    """They would wait for ever, as nobody reads for them any more."""
    reader = Reader()
    together = Together(reader)
    asked = [asyncio.create_task(together.ask(question)) for question in (1, 1, 2)]
    await reader.begun.wait()
    later = asyncio.create_task(together.ask(3))
    await asyncio.sleep(0)
    reader.failure = asyncio.CancelledError()
    reader.let.set()
    done, _ = await asyncio.wait(asked, timeout=60)
    assert len(done) == len(asked)
    assert {_code(one) for one in asked} == {Code.UNAVAILABLE}
    reader.failure = None
    await asyncio.wait([later], timeout=60)
    assert later.done()
    assert await together.ask(1) == 2


async def test_when_reading_ends_all_who_wait_are_told() -> None:
    reader = Reader()
    together = Together(reader)
    first = asyncio.create_task(together.ask(1))
    await reader.begun.wait()
    later = asyncio.create_task(together.ask(2))
    await asyncio.sleep(0)
    assert together._reading is not None
    together._reading.cancel()
    done, _ = await asyncio.wait([first, later], timeout=60)
    assert {_code(one) for one in done} == {Code.UNAVAILABLE}
    assert len(done) == 2
    reader.let.set()
    assert await together.ask(1) == 2


async def test_each_is_refused_with_an_error_of_its_own() -> None:
    """One that several tasks raise holds the frames of whoever raised it last."""
    reader = Reader()
    reader.failure = Refused(Code.UNAVAILABLE, "away", 2.0)
    reader.let.set()
    together = Together(reader)
    one, other = await asyncio.gather(together.ask(1), together.ask(1), return_exceptions=True)
    assert isinstance(one, Refused)
    assert isinstance(other, Refused)
    assert one is not other
    assert (one.detail, one.retry_after) == ("away", 2.0)


def _code(task: asyncio.Task[int]) -> Code | None:
    failure = task.exception()
    return failure.code if isinstance(failure, Refused) else None

"""One process's way into a partition: batches one after another, bounded, tried again with their first content."""

import asyncio
import contextlib
from collections.abc import Sequence

import pytest

from chinwag.adapters.appender import (
    BATCH,
    BATCH_BYTES,
    CAPACITY,
    LIFE_SECONDS,
    PAUSE_MOST,
    Appender,
    NotTakenError,
    Room,
)
from chinwag.domain.body import Text
from chinwag.domain.command import Command, Send
from chinwag.domain.ids import AccountId, ClientId, DeviceId, direct_id
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.bus import NodeId
from chinwag.ports.log import Submission

PAIR = direct_id(AccountId("1"), AccountId("2"))


def submission(ref: int) -> Submission:
    command = Command(PAIR, AccountId("1"), DeviceId("d"), ClientId(str(ref)), 1, Send(Text("x")))
    return Submission(command, NodeId("n"), ref)


class Log:
    """Takes batches, or does with them what a test wants. answers: one for each try, then all are taken."""

    def __init__(self) -> None:
        self.tries: list[tuple[int, list[bytes]]] = []
        self.answers: list[Exception | None] = []
        self.now = 0.0
        self.step = 0.0
        self.under_way = 0
        self.unreadable: list[int] = []

    async def send(self, partition: int, number: int, batch: Sequence[bytes]) -> Sequence[int]:
        assert partition == 3
        self.under_way += 1
        assert self.under_way == 1, "one at a time"
        await asyncio.sleep(0)
        self.under_way -= 1
        self.tries.append((number, list(batch)))
        self.now += self.step
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        return self.unreadable


class World:
    def __init__(self, room: int = 1 << 20) -> None:
        self.log = Log()
        self.lost: list[int] = []
        self.aside: list[int] = []
        self.room = Room(room)
        self.appender = Appender(3, self.log, self.room, self._tell, lambda: self.log.now)

    def _tell(self, one: Submission, code: Code) -> None:
        assert code in (Code.UNAVAILABLE, Code.INTERNAL)
        (self.aside if code is Code.INTERNAL else self.lost).append(one.ref)

    def append(self, *refs: int, size: int = 4) -> None:
        for ref in refs:
            self.appender.append(submission(ref), b"%d" % ref + b"." * (size - len(str(ref))))

    async def settled(self) -> None:
        async with asyncio.timeout(60):
            while self.appender._task is not None:
                self.appender.try_again()
                await asyncio.sleep(0)


def refs(batch: Sequence[bytes]) -> list[int]:
    return [int(each.rstrip(b".")) for each in batch]


async def test_one_turn_goes_together_and_what_comes_meanwhile_after_it() -> None:
    world = World()
    world.append(1, 2, 3)
    await asyncio.sleep(0)
    world.append(4, 5)
    assert [one.ref for one in world.appender.held()] == [1, 2, 3, 4, 5]
    await world.settled()
    assert [(number, refs(batch)) for number, batch in world.log.tries] == [(1, [1, 2, 3]), (2, [4, 5])]
    assert list(world.appender.held()) == []


async def test_a_batch_is_tried_again_as_it_was_before_anything_later_goes() -> None:
    world = World()
    world.log.answers = [NotTakenError(), Refused(Code.UNAVAILABLE), ValueError("a mistake"), None]
    world.append(1, 2)
    await asyncio.sleep(0)
    world.append(3)
    await world.settled()
    assert [(number, refs(batch)) for number, batch in world.log.tries] == [(1, [1, 2])] * 4 + [(2, [3])]
    assert world.lost == []


async def test_batches_are_bounded_in_commands_and_bytes() -> None:
    world = World(room=8 << 20)
    world.append(*range(BATCH + 1), size=4)
    await world.settled()
    assert [len(batch) for _, batch in world.log.tries] == [BATCH, 1]
    world.log.tries.clear()
    world.append(1, 2, 3, size=BATCH_BYTES // 2)
    world.append(4, size=2 * BATCH_BYTES)  # longer than a batch, and alone
    world.append(5)
    await world.settled()
    assert [refs(batch) for _, batch in world.log.tries] == [[1, 2], [3], [4], [5]]


async def test_what_may_wait_is_bounded_by_number_and_by_the_room_of_all() -> None:
    world = World(room=1 << 30)
    world.append(*range(CAPACITY))
    with pytest.raises(Refused) as refused:
        world.append(CAPACITY)
    assert (refused.value.code, refused.value.retry_after) == (Code.OVERLOADED, 1.0)
    await world.settled()
    world.append(1)
    await world.settled()

    small = World(room=100)
    small.append(1, size=60)
    with pytest.raises(Refused):
        small.append(2, size=60)
    await small.settled()
    small.append(2, size=60)
    await small.settled()
    assert small.room.take(100), "all of it was given back"


@pytest.mark.parametrize(("failure", "told"), [(NotTakenError(), True), (Refused(Code.UNAVAILABLE), False)])
async def test_what_has_been_tried_for_too_long_is_given_up(failure: Exception, told: bool) -> None:
    """It is told as lost only if it surely did not get in; what was never sent surely did not."""
    world = World()
    world.log.step = LIFE_SECONDS / 3
    world.log.answers = [failure] * 3
    world.append(1)
    await asyncio.sleep(0)
    world.append(2)
    await world.settled()
    assert [refs(batch) for _, batch in world.log.tries] == [[1]] * 3
    assert world.lost == ([1, 2] if told else [2])
    world.append(3)
    await world.settled()
    assert refs(world.log.tries[-1][1]) == [3]
    assert world.log.tries[-1][0] == 2
    assert world.room.take(1 << 20)
    assert LIFE_SECONDS > 10 * PAUSE_MOST


async def test_an_appender_that_is_closed_loses_what_it_never_sent() -> None:
    world = World()
    world.log.answers = [Refused(Code.UNAVAILABLE)] * 1_000_000
    world.append(1)
    await asyncio.sleep(0)
    world.append(2, 3)
    await world.appender.close()
    assert world.lost == [2, 3]


async def test_an_answer_in_the_moment_of_closing_does_not_keep_it_open() -> None:
    """A driver may give the answer and swallow the cancelling."""

    class Deaf(Log):
        async def send(self, partition: int, number: int, batch: Sequence[bytes]) -> Sequence[int]:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.get_running_loop().create_future()
            self.tries.append((number, list(batch)))
            return ()

    world = World()
    deaf = Deaf()
    appender = Appender(3, deaf, world.room, lambda one, _: world.lost.append(one.ref))
    appender.append(submission(1), b"1")
    await asyncio.sleep(0)
    appender.append(submission(2), b"2")
    async with asyncio.timeout(30):
        await appender.close()
    assert len(deaf.tries) == 1
    assert world.lost == [2]


async def test_what_the_log_cannot_read_is_told_alone() -> None:
    world = World()
    world.log.unreadable = [0, 2, 7, -1]  # the last two are no places of the batch
    world.append(1, 2, 3)
    await world.settled()
    assert (world.aside, world.lost) == ([1, 3], [])
    world.log.unreadable = []
    world.append(4)
    await world.settled()
    assert world.aside == [1, 3]
    assert list(world.appender.held()) == []

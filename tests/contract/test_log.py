"""The contract of the `Log` port, over every adapter."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence

import pytest
from tests.contract.harness import ANN, BEN, PAIR, LogHarness

from chinwag.domain.body import Text
from chinwag.domain.command import Command, Send
from chinwag.domain.conversation import START, Position
from chinwag.domain.ids import ClientId, ConversationId, DeviceId, direct_id
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.bus import NodeId
from chinwag.ports.log import Record, Submission, partition_of


def submission(ref: int, conversation: ConversationId = PAIR, text: str = "hello") -> Submission:
    action = Send(Text(text))
    return Submission(Command(conversation, ANN, DeviceId("d"), ClientId(str(ref)), 1, action), NodeId("n"), ref)


async def take(reader: AsyncIterator[Sequence[Record]], count: int) -> list[Record]:
    """At least `count` records."""
    found: list[Record] = []
    async with asyncio.timeout(60):
        while len(found) < count:
            found += await anext(reader)
    return found


def refs(records: Sequence[Record]) -> list[int]:
    return [record.submission.ref for record in records]


def contiguous(records: Sequence[Record]) -> bool:
    return all(
        later.position.sequence in (earlier.position.sequence, earlier.position.sequence + 1)
        and later.position > earlier.position
        for earlier, later in itertools.pairwise(records)
    )


async def test_records_come_in_append_order_and_contiguous(ports: LogHarness) -> None:
    for ref in range(5):
        ports.log.append(submission(ref))
    reader = aiter(ports.log.records(partition_of(PAIR, ports.log.partitions), START))
    found = await take(reader, 5)
    for ref in range(5, 3000):
        ports.log.append(submission(ref))
    found += await take(reader, 2995)
    assert refs(found) == list(range(3000))
    assert contiguous(found)
    assert found[0].position > START


async def test_a_reader_that_waits_gets_all_of_one_turn_together(ports: LogHarness) -> None:
    reader = aiter(ports.log.records(partition_of(PAIR, ports.log.partitions), START))
    waiting = asyncio.ensure_future(anext(reader))
    await asyncio.sleep(0)
    for ref in range(50):
        ports.log.append(submission(ref))
    assert refs(await asyncio.wait_for(waiting, 10)) == list(range(50))


async def test_who_reads_again_gets_what_follows_the_named_position(ports: LogHarness) -> None:
    for ref in range(10):
        ports.log.append(submission(ref))
    partition = partition_of(PAIR, ports.log.partitions)
    first = await take(aiter(ports.log.records(partition, START)), 10)
    again = await take(aiter(ports.log.records(partition, first[3].position)), 6)
    assert again == first[4:]


async def test_a_new_reader_ends_the_earlier_one(ports: LogHarness) -> None:
    partition = partition_of(PAIR, ports.log.partitions)
    earlier = aiter(ports.log.records(partition, START))
    waiting = asyncio.ensure_future(anext(earlier))
    await asyncio.sleep(0)
    later = aiter(ports.log.records(partition, START))
    next_batch = asyncio.ensure_future(anext(later))
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(waiting, 10)
    ports.log.append(submission(1))
    assert refs(await asyncio.wait_for(next_batch, 10)) == [1]


async def test_the_log_may_forget_what_is_checkpointed_and_nothing_else(ports: LogHarness) -> None:
    partition = partition_of(PAIR, ports.log.partitions)
    for ref in range(10):
        ports.log.append(submission(ref))
    found = await take(aiter(ports.log.records(partition, START)), 10)
    ports.log.checkpoint(partition, found[5].position)
    ports.log.checkpoint(partition, found[2].position)  # lower: void
    ports.log.checkpoint(partition, START)
    again = await take(aiter(ports.log.records(partition, found[5].position)), 4)
    assert again == found[6:]
    from_below = await take(aiter(ports.log.records(partition, found[1].position)), 4)
    assert refs(from_below)[-4:] == [6, 7, 8, 9]
    assert contiguous(from_below)


async def test_a_record_has_the_time_at_which_it_came_for_every_reader(ports: LogHarness) -> None:
    partition = partition_of(PAIR, ports.log.partitions)
    began = ports.now
    ports.log.append(submission(1))
    first = await take(aiter(ports.log.records(partition, START)), 1)
    if ports.turns_clock:
        ports.now += 60_000
    between = ports.now
    ports.log.append(submission(2))
    found = await take(aiter(ports.log.records(partition, START)), 2)
    assert found[0] == first[0]
    assert began <= found[0].at <= between <= found[1].at <= ports.now
    if ports.turns_clock:
        assert [record.at for record in found] == [began, began + 60_000]


async def test_what_is_done_with_is_not_in_this_processs_hands(ports: LogHarness) -> None:
    partition = partition_of(PAIR, ports.log.partitions)
    for ref in range(3):
        ports.log.append(submission(ref))
    assert {one.ref for one in ports.log.held(partition)} <= {0, 1, 2}
    found = await take(aiter(ports.log.records(partition, START)), 3)
    ports.log.checkpoint(partition, found[-1].position)
    await ports.settled()
    assert list(ports.log.held(partition)) == []


async def test_a_full_log_refuses_and_takes_again_after_a_checkpoint(ports: LogHarness) -> None:
    partition = partition_of(PAIR, ports.log.partitions)
    text = "x" * 99_999
    taken = 0
    refused: Refused | None = None
    while refused is None:
        assert taken < 1_000_000
        try:
            ports.log.append(submission(taken, text=text))
            taken += 1
        except Refused as caught:
            refused = caught
    assert refused.code is Code.OVERLOADED
    assert refused.retry_after is not None
    reader = aiter(ports.log.records(partition, START))
    found = await take(reader, taken)
    assert refs(found) == list(range(taken))
    ports.log.checkpoint(partition, found[-1].position)
    ports.log.append(submission(taken))
    assert refs(await take(reader, 1)) == [taken]


async def test_one_batch_is_bounded_in_size(ports: LogHarness) -> None:
    for ref in range(300):
        ports.log.append(submission(ref, text="x" * 99_999))
    reader = aiter(ports.log.records(partition_of(PAIR, ports.log.partitions), START))
    batch = await asyncio.wait_for(anext(reader), 10)
    assert 0 < len(batch) < 300


async def test_a_log_that_is_closed_ends_and_takes_no_more(ports: LogHarness) -> None:
    lost: list[Submission] = []
    ports.log.on_lost(lambda one, _: lost.append(one))
    partition = partition_of(PAIR, ports.log.partitions)
    ports.log.append(submission(1))
    reader = aiter(ports.log.records(partition, START))
    await take(reader, 1)
    waiting = asyncio.ensure_future(anext(reader))
    await asyncio.sleep(0)
    assert not ports.log.closed
    await ports.log.close()
    assert ports.log.closed
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(waiting, 10)
    with pytest.raises(Refused) as refused:
        ports.log.append(submission(2))
    assert refused.value.code is Code.UNAVAILABLE
    assert [record async for record in ports.log.records(partition, START)] == []
    await ports.log.close()
    assert lost == []  # the one record had reached its reader: what became of it is not known


async def test_what_surely_did_not_get_in_is_told(ports: LogHarness) -> None:
    lost: list[Submission] = []
    ports.log.on_lost(lambda one, _: lost.append(one))
    ports.log.append(submission(1))
    ports.log.append(submission(2))
    await ports.log.close()
    # Either it is told that it is lost, or it stays in the log for the next worker.
    assert [one.ref for one in lost] in ([1, 2], [])


async def test_positions_rise_over_restarts(ports: LogHarness) -> None:
    partition = partition_of(PAIR, ports.log.partitions)
    last = START
    for ref in range(3):
        ports.log.append(submission(ref))
        found = await take(aiter(ports.log.records(partition, last)), 1)
        assert refs(found)[-1] == ref
        assert found[-1].position > last
        last = found[-1].position
        ports.log.checkpoint(partition, last)
        await ports.stop()
        await ports.start()


def test_a_conversation_has_the_same_partition_for_ever() -> None:
    assert partition_of(PAIR, 64) == partition_of(direct_id(BEN, ANN), 64) == 32
    assert {partition_of(ConversationId(f"g~{n}"), 4) for n in range(100)} == {0, 1, 2, 3}
    assert Position(2, 0, 0) > Position(1, 9, 9)

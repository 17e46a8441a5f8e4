"""Looks at epochs that share a request: which may, and what becomes of them when one fails."""

import asyncio

import pytest

from chinwag.adapters.cassandra import epoch_reads
from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.driver import DriverError, Row
from chinwag.adapters.cassandra.epoch_reads import EpochReads
from chinwag.adapters.cassandra.statements import Read, Values
from chinwag.domain.refusal import Refused


class Nodes:
    """Epochs as they are when a request is answered, which the test lets happen. away: partitions without a quorum.
    failing: what a request for these raises."""

    def __init__(self) -> None:
        self.epochs: dict[int, int] = {}
        self.away: set[int] = set()
        self.failing: Exception = DriverError("no quorum", no=True)
        self.asked: list[list[int]] = []
        self.waiting: list[asyncio.Future[None]] = []
        self._more = asyncio.Event()

    async def rows(self, statement: Read, values: Values) -> list[tuple[int, ...]]:
        (named,) = values
        partitions = [int(one) for one in (named if isinstance(named, list) else [named])]  # type: ignore[arg-type]
        found = [(one, self.epochs[one]) for one in partitions if one in self.epochs]
        waiting = asyncio.get_running_loop().create_future()
        self.waiting.append(waiting)
        self.asked.append(partitions)
        self._more.set()
        await waiting
        if self.away.intersection(partitions):
            raise self.failing
        return list(found) if isinstance(named, list) else [row[1:] for row in found]

    async def page(self, statement: Read, values: Values, after: bytes | None) -> tuple[list[Row], bytes | None]:
        raise AssertionError(statement)

    async def write(self, writes: object) -> None:
        raise AssertionError(writes)

    async def close(self) -> None:
        pass

    async def until(self, requests: int) -> None:
        """So many were begun."""
        async with asyncio.timeout(20):
            while len(self.asked) < requests:
                self._more.clear()
                await self._more.wait()

    def answer(self, which: int) -> None:
        self.waiting[which].set_result(None)


def looks(reads: EpochReads, *partitions: int) -> list["asyncio.Task[int]"]:
    async def look(partition: int) -> int:
        return (await reads.read(partition)).epoch

    return [asyncio.create_task(look(one)) for one in partitions]


async def test_those_who_look_meanwhile_share_the_next_request_and_are_told_what_is_true_after_they_asked() -> None:
    nodes = Nodes()
    reads = EpochReads(Database(nodes))
    nodes.epochs = {0: 1, 1: 1, 2: 1}
    first = looks(reads, 0, 1)
    await nodes.until(2)
    later = looks(reads, 0, 2, 1, 2)
    await asyncio.sleep(0)
    nodes.epochs = {0: 7, 1: 8}  # before anything is answered
    nodes.answer(0)
    await nodes.until(3)
    assert nodes.asked == [[0], [1], [0, 2, 1]]
    nodes.answer(1)
    nodes.answer(2)
    assert await asyncio.gather(*first) == [1, 1]
    assert await asyncio.gather(*later) == [7, 0, 8, 0], "never what a request found that had begun before"


async def test_a_request_is_of_so_many_partitions_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(epoch_reads, "SIDE_BY_SIDE", 1)
    monkeypatch.setattr(epoch_reads, "TOGETHER", 3)
    nodes = Nodes()
    reads = EpochReads(Database(nodes))
    nodes.epochs = {one: one for one in range(6)}
    found = looks(reads, *range(6))
    for request in range(3):
        await nodes.until(request + 1)
        nodes.answer(request)
    assert nodes.asked == [[0], [1, 2, 3], [4, 5]]
    assert await asyncio.gather(*found) == list(range(6))


async def test_a_partition_without_a_quorum_costs_the_others_nothing_and_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(epoch_reads, "SIDE_BY_SIDE", 1)
    nodes = Nodes()
    nodes.epochs, nodes.away = {0: 1, 1: 1, 2: 2}, {1}
    reads = EpochReads(Database(nodes))
    first, lost, other = looks(reads, 0, 1, 2)
    await nodes.until(1)
    nodes.answer(0)
    await nodes.until(2)
    nodes.answer(1)  # of both: it fails
    await nodes.until(4)
    (next_one,) = looks(reads, 0)
    await nodes.until(5)
    assert nodes.asked == [[0], [1, 2], [1], [2], [0]], "it went on while those two were looked at alone"
    nodes.answer(4)
    nodes.answer(3)
    assert (await first, await other, await next_one) == (1, 2, 1)
    nodes.answer(2)
    with pytest.raises(Refused):
        await lost


async def test_a_failure_of_any_kind_is_told_to_whoever_waits_and_leaves_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(epoch_reads, "SIDE_BY_SIDE", 1)
    nodes = Nodes()
    nodes.epochs, nodes.away = {0: 1, 1: 1, 2: 2}, {1}
    nodes.failing = RuntimeError("the session is closed")
    first, lost, other = looks(EpochReads(Database(nodes)), 0, 1, 2)
    await nodes.until(1)
    nodes.answer(0)
    await nodes.until(2)
    nodes.answer(1)  # of both
    await nodes.until(4)
    nodes.answer(2)
    nodes.answer(3)
    assert (await first, await other) == (1, 2)
    with pytest.raises(RuntimeError, match="closed"):
        await lost


async def test_whoever_stops_waiting_takes_the_answer_from_nobody() -> None:
    nodes = Nodes()
    nodes.epochs = {0: 3}
    reads = EpochReads(Database(nodes))
    impatient = looks(reads, 0)[0]
    await nodes.until(1)
    impatient.cancel()
    (patient,) = looks(reads, 0)
    await nodes.until(2)
    nodes.answer(0)
    nodes.answer(1)
    assert await patient == 3
    with pytest.raises(asyncio.CancelledError):
        await impatient

"""Requests to Cassandra are bounded in partitions, in size, in number and in time."""

import asyncio
from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import msgspec
import pytest

from chinwag.adapters.cassandra import database as requests
from chinwag.adapters.cassandra import fences, stores_on
from chinwag.adapters.cassandra.database import (
    BATCH_BYTES,
    BATCH_ROWS,
    IN_FLIGHT,
    TOGETHER,
    TOGETHER_BYTES,
    Database,
)
from chinwag.adapters.cassandra.driver import DriverError, Row
from chinwag.adapters.cassandra.standings import ENDED_MOST, Ended, Standing
from chinwag.adapters.cassandra.statements import Read, Values, Write, insert
from chinwag.adapters.inboxes.rows import Moved
from chinwag.domain.conversation import Position
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.inbox import Posting
from chinwag.ports.message_store import Commit, TakenOverError

EVENT = insert("events", "conversation bucket number event", 2)
ONE = Read("SELECT one FROM somewhere")


class Server:
    """Says what a test wants it to. failing: so many requests fail from now on. most: how many were there at once."""

    def __init__(self, failing: int = 0, *, no: bool = False) -> None:
        self.asked: list[Sequence[tuple[Write, Values]]] = []
        self.reads = self.there = self.most = 0
        self._failing = failing
        self._no = no

    async def page(self, statement: Read, values: Values, after: bytes | None) -> tuple[list[Row], bytes | None]:
        return await self.rows(statement, values), None

    async def rows(self, statement: Read, values: Values) -> list[Row]:
        self.reads += 1
        await self._answer()
        return [(1,)]

    async def write(self, writes: Sequence[tuple[Write, Values]]) -> None:
        self.asked.append(writes)
        await self._answer()

    async def close(self) -> None: ...

    async def _answer(self) -> None:
        self.there += 1
        self.most = max(self.most, self.there)
        await asyncio.sleep(0)
        self.there -= 1
        if self._failing:
            self._failing -= 1
            raise DriverError("not now", no=self._no)


class Nobody:
    """A `Poster` that is not asked."""

    async def commits(self, batch: Sequence[Commit]) -> Mapping[int, int]:
        return {}

    async def stored(self, batch: Sequence[Commit], before: Mapping[int, int]) -> None: ...
    async def post(self, postings: Sequence[Posting]) -> None: ...
    async def moved(self, postings: Sequence[Posting], moved: Sequence[Moved], seconds: float) -> None: ...


def row(conversation: bytes, number: int, size: int = 10) -> tuple[Write, Values]:
    return EVENT, (conversation, 0, number, b"x" * size, 1 << 62)


def _size(together: Sequence[tuple[Write, Values]]) -> int:
    return sum(len(value) for _, values in together for value in values if isinstance(value, bytes))


async def test_rows_of_one_partition_go_together_up_to_the_bounds() -> None:
    server = Server()
    small = [row(name, number) for number in range(BATCH_ROWS + 1) for name in (b"a", b"b")]
    large = [row(b"c", number, BATCH_BYTES // 3) for number in range(5)] + [row(b"c", 5, 2 * BATCH_BYTES)]
    await Database(server).write(small + large)
    for together in server.asked:
        assert len(together) <= BATCH_ROWS
        assert len(together) == 1 or _size(together) <= BATCH_BYTES
    assert sorted(change for together in server.asked for change in together) == sorted(small + large)
    assert len(server.asked) == 2 + 1 + 3 + 1, "the two rows left over go together"


async def test_small_changes_of_several_partitions_are_one_request_within_what_the_engine_bears() -> None:
    server = Server()
    small = [row(b"%d" % number, number) for number in range(3 * TOGETHER)]
    middle = [row(b"m%d" % number, number, TOGETHER_BYTES // 3) for number in range(6)]
    large = [row(b"l%d" % number, number, TOGETHER_BYTES) for number in range(2)]
    await Database(server).write(middle + small + large)
    for together in server.asked:
        partitions = {values[:2] for _, values in together}
        assert len(partitions) <= TOGETHER
        assert len(partitions) == 1 or _size(together) <= TOGETHER_BYTES
    assert sorted(change for together in server.asked for change in together) == sorted(middle + small + large)
    assert len(server.asked) <= 3 + 1 + 3 + 2


async def test_what_is_of_one_partition_is_never_parted_for_others() -> None:
    server = Server()
    pairs = [row(name, number, 300) for number in range(2) for name in (b"a", b"b", b"c", b"d", b"e", b"f", b"g")]
    await Database(server).write(pairs)
    found = [{values[0] for _, values in together} for together in server.asked]
    assert sum(map(len, found)) == 7
    assert len(found) > 1


async def test_nothing_is_asked_without_bound_at_once() -> None:
    server = Server()
    await Database(server).rows_of_each(ONE, [() for _ in range(4 * IN_FLIGHT)])
    assert server.reads == 4 * IN_FLIGHT
    assert server.most == IN_FLIGHT


async def test_what_has_no_answer_is_asked_again_as_the_same_rows() -> None:
    server = Server(failing=2)
    await Database(server).write([row(b"a", 1)])
    assert server.asked == [[row(b"a", 1)]] * 3
    assert await Database(Server(failing=2)).rows(ONE) == [(1,)]


async def test_what_the_server_refuses_is_not_asked_again() -> None:
    server = Server(failing=9, no=True)
    with pytest.raises(Refused) as refused:
        await Database(server).rows(ONE)
    assert (refused.value.code, server.reads) == (Code.UNAVAILABLE, 1)


async def test_it_gives_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(failing=1_000)
    # each try takes a second, and nothing waits between them
    monkeypatch.setattr(requests, "time", SimpleNamespace(monotonic=lambda: float(len(server.asked))))
    monkeypatch.setattr(requests, "PAUSE", 0.0)
    with pytest.raises(Refused, match="unavailable"):
        await Database(server, patience=10.0).write([row(b"a", 1)])
    assert len(server.asked) == 11


async def test_what_waits_for_room_gives_up_with_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(failing=100_000)
    monkeypatch.setattr(requests, "time", SimpleNamespace(monotonic=lambda: server.reads / IN_FLIGHT))
    monkeypatch.setattr(requests, "PAUSE", 0.0)
    database = Database(server, patience=3.0)
    outcomes = await asyncio.gather(*(database.rows(ONE) for _ in range(9 * IN_FLIGHT)), return_exceptions=True)
    assert all(isinstance(one, Refused) for one in outcomes)
    assert server.reads <= 5 * IN_FLIGHT


async def test_what_guards_a_write_is_asked_before_each_try_and_ends_it() -> None:
    server, looks = Server(failing=5), 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            raise TakenOverError

    with pytest.raises(TakenOverError):
        await Database(server).write([row(b"a", 1)], look)
    assert len(server.asked) == 2


async def test_looks_do_not_wait_for_the_requests_that_wait_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fences, "FRESH_SECONDS", 0.0)
    server = Server()  # in epoch 1
    stores = stores_on(server, Nobody(), 1)
    changes = [row(b"%d" % number, number, TOGETHER_BYTES) for number in range(2 * IN_FLIGHT)]
    async with asyncio.timeout(60):
        await stores.database.write(changes, stores.fences.guard(0, 1))
    assert len(server.asked) == server.reads == 2 * IN_FLIGHT
    monkeypatch.setattr(fences, "FRESH_SECONDS", 3_600.0)
    await stores.database.write(changes, stores.fences.guard(0, 1))
    assert server.reads == 2 * IN_FLIGHT, "one that is young enough does for all"


def test_what_an_epoch_that_is_over_never_applied_does_not_count() -> None:
    standing = Standing(Position(4, 9, 0), 90, (Ended(1, 50, 1), Ended(3, 7, 0, 70)))
    assert standing.counts(Position(1, 50, 1), 5)
    assert not standing.counts(Position(1, 50, 2), 5)
    assert not standing.counts(Position(2, 1, 0), 5), "it has applied nothing of that epoch"
    assert standing.counts(Position(4, 9, 0), 5)
    assert not standing.counts(Position(4, 10, 0), 5)
    assert standing.counts(Position(4, 10, 0), 4), "whoever is at work now places it again"
    assert standing.counts(Position(0, 0, 0), 5), "it came from another store"
    assert not Standing().counts(Position(1, 1, 0), 2)


def test_a_state_keeps_the_ends_of_the_latest_epochs() -> None:
    standing = Standing()
    for epoch in range(1, 2 * ENDED_MOST):
        at = Position(epoch, 10, 0)
        standing = Standing(at, 10 * epoch, standing.at(at))
    assert len(standing.ended) == ENDED_MOST
    assert standing.at(Position(standing.applied.epoch, 11, 0)) == standing.ended
    assert standing.counts(Position(2, 999, 0), 99), "what is older than all of them is as it was"
    assert not standing.counts(Position(standing.applied.epoch - 1, 11, 0), 99)


def test_numbers_above_the_head_that_an_epoch_left_do_not_count() -> None:
    standing = Standing(Position(6, 9, 0), 90, (Ended(1, 50, 1, 40), Ended(3, 7, 0, 70)))
    assert [standing.head_in(epoch) for epoch in range(1, 8)] == [40, 40, 70, 70, 70, 90, 90]
    assert Standing(Position(6, 1, 0), 5).head_in(4) == 0, "it had not begun then"
    assert Standing().head_in(1) == 0
    assert Standing(Position(6, 9, 0), 90, (Ended(1, 50, 1),)).head_in(1) is None, "an older version wrote none"


def test_of_what_was_moved_here_the_head_counts_before_anything_is_applied() -> None:
    moved = Standing(Position(0, 0, 0), 1000)
    assert moved.head_in(3) == 1000
    after = Standing(Position(4, 1, 0), 1001, moved.at(Position(4, 1, 0)))
    assert after.head_in(3) == 1000
    assert not after.counts(Position(3, 1, 0), 5)


def test_of_more_epochs_than_are_kept_all_counts() -> None:
    standing = Standing()
    for epoch in range(1, ENDED_MOST + 3):
        at = Position(epoch, 10, 0)
        standing = Standing(at, 10 * epoch, standing.at(at))
    assert standing.head_in(1) is None
    assert standing.head_in(2) == 20


def test_the_ends_that_a_version_before_heads_stored_are_read() -> None:
    stored = msgspec.msgpack.encode((Position(1, 50, 1),))
    assert msgspec.msgpack.decode(stored, type=tuple[Ended, ...]) == (Ended(1, 50, 1),)
    now = msgspec.msgpack.encode((Ended(1, 50, 1, 40),))
    assert msgspec.msgpack.decode(now, type=tuple[Position, ...]) == (Position(1, 50, 1),)

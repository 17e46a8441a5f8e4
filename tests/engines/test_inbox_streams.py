"""Inboxes as streams under faults: workers that overlap, a stream lost, gone back or full, what was seen outlived."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec
import pytest
from tests.contract.harness import ANN, BEN, PAIR, commit
from tests.contract.over_inbox_streams import SETTINGS, InboxProcess, a_keyspace, emptied
from tests.contract.over_nats import nats_at
from tests.contract.over_zookeeper import zookeeper_at
from tests.support.own_nats import OwnNats
from tests.support.own_zookeeper import OwnEnsemble

from chinwag.adapters.cassandra import CassandraServers
from chinwag.adapters.inboxes.records import Posted, encode
from chinwag.adapters.inboxes.rows import Checkpoint, InboxRow
from chinwag.adapters.inboxes.worker import InboxWorker
from chinwag.domain.conversation import Position
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.inbox import Inline, Posting, Run

BOUND: Final = 60.0


class World:
    """Processes of one cluster, with one inbox partition."""

    def __init__(self, nats: OwnNats, zookeeper: OwnEnsemble, cassandra: CassandraServers) -> None:
        self._servers = nats_at(nats.url)
        self._zookeeper = zookeeper_at(zookeeper.hosts, self._servers.cluster)
        self._cassandra = cassandra
        self.settings = SETTINGS
        self.processes: list[InboxProcess] = []

    async def process(self, *, works: bool, patience: float = 10.0) -> InboxProcess:
        made = InboxProcess(
            self._servers,
            self._zookeeper,
            self._cassandra,
            works=works,
            partitions=1,
            sources=1,
            settings=self.settings,
            patience=patience,
        )
        await made.start()
        self.processes.append(made)
        return made

    def lose_counters(self) -> None:
        """Who comes from now on finds none."""
        self._zookeeper = msgspec.structs.replace(self._zookeeper, cluster=f"{self._zookeeper.cluster}-anew")

    async def end(self, process: InboxProcess) -> None:
        self.processes.remove(process)
        await process.stop()

    async def close(self) -> None:
        if self.processes:
            await self.processes[-1].remove_streams()
        for process in list(self.processes):
            await self.end(process)


@pytest.fixture(scope="module")
def keyspace(cassandra_port: int) -> CassandraServers:
    """Of one file of tests."""
    return a_keyspace(cassandra_port)


@pytest.fixture
async def inboxes(nats: OwnNats, zookeeper: OwnEnsemble, keyspace: CassandraServers) -> AsyncIterator[World]:
    """A cluster of the test's own."""
    made = World(nats, zookeeper, keyspace)
    yield made
    async with asyncio.timeout(BOUND):
        await made.close()
    await emptied(keyspace)


def worker_of(process: InboxProcess) -> InboxWorker:
    assert process.workers is not None
    return process.workers.workers[0]


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(BOUND):
        while not await holds():  # noqa: ASYNC110 - an engine tells of nothing
            await asyncio.sleep(0.02)


async def entries(process: InboxProcess, account: AccountId = ANN) -> list[str]:
    """The whole inbox, checked to be dense."""
    found: list[str] = []
    page = await process.inbox.read(account, 0, 10_000)
    for entry in page.entries:
        assert entry.position == len(found) + 1
        if isinstance(entry, Inline):
            found.append(entry.event.decode())
        else:
            assert isinstance(entry, Run)
            found += [f"{entry.conversation}#{entry.first + step}" for step in range(entry.count)]
    assert page.bounds.head == len(found)
    return found


def pair(first: int, last: int) -> list[str]:
    return [f"{PAIR}#{number}" for number in range(first, last + 1)]


def texts(*words: str) -> list[Posting]:
    return [Posting(ANN, word.encode()) for word in words]


async def test_what_two_overlapping_workers_of_the_log_post_is_there_once(inboxes: World) -> None:
    one, other = await inboxes.process(works=True), await inboxes.process(works=False)
    await one.publisher.commits([commit(1, 5)])
    await other.publisher.commits([commit(1, 3)])
    await other.publisher.commits([commit(4, 8)])
    await one.publisher.commits([commit(6, 9)])
    await one.inbox.settled()
    assert await entries(one) == pair(1, 9)
    assert await entries(other, BEN) == pair(1, 9)


async def test_what_was_seen_outlives_the_worker(inboxes: World) -> None:
    """The vector is kept with the checkpoint: the stream is purged, and what is posted again is known all the same."""
    first, sender = await inboxes.process(works=True), await inboxes.process(works=False)
    await sender.publisher.commits([commit(1, 5)])
    await first.inbox.settled()
    await until(lambda: settled(sender))
    await inboxes.end(first)
    second = await inboxes.process(works=True)
    await sender.publisher.commits([commit(3, 7)])
    await sender.inbox.settled()
    assert await entries(second) == pair(1, 7)


async def settled(process: InboxProcess) -> bool:
    await process.inbox.settled()
    return True


async def test_a_worker_that_died_before_its_checkpoint_makes_the_same_rows(
    inboxes: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, sender = await inboxes.process(works=True), await inboxes.process(works=False)

    async def nothing(*_: object) -> None:
        """As if it had died."""

    monkeypatch.setattr(worker_of(first), "_keep", nothing)
    await sender.publisher.commits([commit(1, 5)])
    await sender.inbox.post(texts("a"))
    await until(lambda: is_there(sender, [*pair(1, 5), "a"]))
    await inboxes.end(first)
    assert (await sender.rows.checkpoint(0)).applied == Position(0, 0, 0)
    monkeypatch.undo()
    second = await inboxes.process(works=True)
    await sender.inbox.post(texts("b"))
    await sender.inbox.settled()
    assert await entries(second) == [*pair(1, 5), "a", "b"]


async def test_a_worker_that_died_before_any_state_makes_the_same_rows_of_other_batches(inboxes: World) -> None:
    """It had made a row of the first record; the next one reads that and more at once."""
    first, sender = await inboxes.process(works=True), await inboxes.process(works=False)
    written, write = asyncio.Event(), first.rows.write

    async def and_no_state(rows: Sequence[InboxRow]) -> None:
        await write(rows)
        written.set()
        raise Refused(Code.UNAVAILABLE, "as if it had died")

    first.rows.write = and_no_state  # type: ignore[method-assign]
    await sender.publisher.commits([commit(1, 2)])
    async with asyncio.timeout(BOUND):
        await written.wait()
    await inboxes.end(first)
    for last in range(3, 9):  # as workers of the log that overlap do
        await sender.publisher.commits([commit(2, last)])
    second = await inboxes.process(works=True)
    await sender.inbox.settled()
    assert await entries(second) == pair(1, 8)


async def is_there(process: InboxProcess, wanted: list[str]) -> bool:
    return await entries(process) == wanted


async def test_two_workers_of_one_partition_make_the_same_rows(inboxes: World) -> None:
    """One of them stands still with records in its hands, is purged past, and goes on."""
    slow, quick, sender = (
        await inboxes.process(works=True),
        await inboxes.process(works=True),
        await inboxes.process(works=False),
    )
    await sender.publisher.commits([commit(1, 3)])
    await until(lambda: is_there(sender, pair(1, 3)))
    standing, going_on = asyncio.Event(), asyncio.Event()
    write = slow.rows.write

    async def stand_still(rows: object) -> None:
        standing.set()
        await going_on.wait()
        await write(rows)  # type: ignore[arg-type]

    slow.rows.write = stand_still  # type: ignore[method-assign]
    await sender.publisher.commits([commit(4, 6)])
    async with asyncio.timeout(BOUND):
        await standing.wait()
    for number in range(7, 60):
        await sender.publisher.commits([commit(number, number)])
        await sender.inbox.post(texts(f"t{number}"))
    await sender.inbox.settled()
    wanted = pair(1, 6) + [word for number in range(7, 60) for word in (*pair(number, number), f"t{number}")]
    assert await entries(quick) == wanted
    going_on.set()
    await sender.inbox.post(texts("last"))
    await sender.inbox.settled()
    applied = (await sender.rows.checkpoint(0)).applied

    async def caught_up() -> bool:
        return worker_of(slow)._done.applied >= applied

    await until(caught_up)
    assert await entries(slow) == [*wanted, "last"]


async def test_a_checkpoint_holds_nothing_that_is_not_rows_yet(inboxes: World) -> None:
    """What was seen is as old as what is applied: else what is in a worker's hands would be dropped after its death."""
    process = await inboxes.process(works=True)
    worker = worker_of(process)
    worker._checkpoint_seconds = 1_000.0
    await process.publisher.commits([commit(1, 3)])
    await until(lambda: is_there(process, pair(1, 3)))
    standing, going_on = asyncio.Event(), asyncio.Event()
    write = process.rows.write

    async def stand_still(rows: object) -> None:
        standing.set()
        await going_on.wait()
        await write(rows)  # type: ignore[arg-type]

    process.rows.write = stand_still  # type: ignore[method-assign]
    await process.publisher.commits([commit(4, 6)])
    async with asyncio.timeout(BOUND):
        await standing.wait()
    await worker._keep()
    kept = await process.rows.checkpoint(0)
    assert (kept.applied, dict(kept.seen)) == (Position(1, 1, 0), {"log.0": Position(1, 3, 0)})
    going_on.set()
    await until(lambda: is_there(process, pair(1, 6)))


@pytest.mark.parametrize("how", ["deleted", "all lost"])
async def test_a_stream_that_is_lost_gives_all_a_new_epoch_and_goes_on(inboxes: World, nats: OwnNats, how: str) -> None:
    process = await inboxes.process(works=True)
    for number in range(1, 4):  # the first record of the next epoch is further ahead in it than in its stream
        await process.publisher.commits([commit(number, number)])
    await process.inbox.settled()
    before = await process.inbox.bounds(ANN)
    if how == "deleted":
        await process.streams.delete(0, 1)
    else:
        nats.kill()
        shutil.rmtree(nats.streams)
        nats.begin()
    await process.publisher.commits([commit(4, 5)])
    await process.inbox.settled()
    after = await process.inbox.bounds(ANN)
    assert after.epoch == before.epoch + 1
    assert await entries(process) == pair(1, 5)
    assert list(await process.streams.epochs(0)) == [2]


async def test_a_stream_that_lost_what_was_acked_while_nobody_worked_is_noticed(inboxes: World, nats: OwnNats) -> None:
    """Only the row that says how far it was acked shows it: no worker had read so far, and the publisher is gone."""
    first, sender = await inboxes.process(works=True), await inboxes.process(works=False)
    await sender.publisher.commits([commit(1, 3)])
    await sender.inbox.settled()
    epoch = (await sender.inbox.bounds(ANN)).epoch
    await inboxes.end(first)
    await sender.publisher.commits([commit(4, 6)])
    assert await sender.rows.acked(0) == Position(1, 2, 0)
    await inboxes.end(sender)
    await drop_last_record(nats, inboxes)
    second = await inboxes.process(works=True)

    async def renewed() -> bool:
        return (await second.inbox.bounds(ANN)).epoch == epoch + 1

    await until(renewed)
    await second.publisher.commits([commit(7, 8)])
    await second.inbox.settled()
    assert await entries(second) == [*pair(1, 3), *pair(7, 8)]


async def drop_last_record(nats: OwnNats, inboxes: World) -> None:
    """Put a stream in the place of the partition's that ends one record earlier."""
    process = await inboxes.process(works=False)
    await process.streams.delete(0, 1)
    await process.streams.make(0, 1)
    await process.streams.append(0, 1, encode(Posted("log.0", [])), "another")
    await inboxes.end(process)


async def test_a_stream_that_has_gone_back_is_noticed_by_who_posts(
    inboxes: World, nats: OwnNats, tmp_path: Path
) -> None:
    worker, process = await inboxes.process(works=True), await inboxes.process(works=False)
    await process.inbox.post(texts("a"))
    await process.inbox.settled()
    await inboxes.end(worker)
    nats.kill()
    shutil.copytree(nats.streams, tmp_path / "earlier")
    nats.begin()
    for word in ("b", "c"):
        await process.inbox.post(texts(word))
    before = await process.inbox.bounds(ANN)
    nats.kill()
    shutil.rmtree(nats.streams)
    shutil.copytree(tmp_path / "earlier", nats.streams)
    nats.hand_over()
    nats.begin()
    posting = asyncio.create_task(process.inbox.post(texts("d")))  # acked at a sequence that was another's

    async def noticed() -> bool:
        return (await process.inbox.bounds(ANN)).epoch == before.epoch + 1

    await until(noticed)
    worker = await inboxes.process(works=True)
    await posting
    await process.inbox.settled()
    assert await entries(worker) == ["a", "d"], "b and c were acked and never readable: devices are told `reset`"


async def test_a_full_stream_refuses_and_loses_nothing(inboxes: World) -> None:
    inboxes.settings = msgspec.structs.replace(SETTINGS, most=300_000)
    working, sender = await inboxes.process(works=True), await inboxes.process(works=False, patience=0.5)
    await inboxes.end(working)
    taken: list[str] = []

    async def fill() -> None:
        for number in range(100):
            word = f"{number}:" + "x" * 20_000
            await sender.inbox.post(texts(word))
            taken.append(word)

    with pytest.raises(Refused) as refused:
        await fill()
    assert refused.value.code is Code.UNAVAILABLE
    assert taken
    working = await inboxes.process(works=True)
    await until(lambda: is_there(sender, taken))

    async def takes_again() -> bool:
        try:
            await sender.inbox.post(texts("again"))
        except Refused:
            return False
        return True

    await until(takes_again)
    await sender.inbox.settled()
    assert await entries(working) == [*taken, "again"]


async def test_a_record_that_nobody_can_read_is_set_aside_alone(inboxes: World) -> None:
    process = await inboxes.process(works=True)
    await process.inbox.post(texts("a"))
    await process.streams.append(0, 1, b"\x01no record", "damaged")
    await process.inbox.post(texts("b"))
    await process.inbox.settled()
    assert await entries(process) == ["a", "b"]
    assert process.workers is not None
    assert process.workers.figures().set_aside == 1


async def test_a_record_of_a_newer_version_is_left_to_that(inboxes: World) -> None:
    process = await inboxes.process(works=True)
    await process.inbox.post(texts("a"))
    await process.inbox.settled()
    await process.streams.append(0, 1, b"\x63newer", "newer")

    async def given_up() -> bool:
        return worker_of(process).given_up

    await until(given_up)
    assert await entries(process) == ["a"]
    assert (await process.rows.checkpoint(0)).applied == Position(1, 1, 0)


async def test_a_lost_counter_repeats_no_epoch(inboxes: World) -> None:
    """The store knows the highest: with ZooKeeper made anew, a partition goes on above it."""
    process = await inboxes.process(works=True)
    await process.inbox.post(texts("a"))
    await process.inbox.settled()
    await process.rows.save_checkpoint(0, Checkpoint(Position(7, 3, 0), {}))
    await inboxes.end(process)
    again = await inboxes.process(works=True)

    async def above() -> bool:
        return (await again.inbox.bounds(ANN)).epoch == 8

    await until(above)
    await again.inbox.post(texts("b"))
    await again.inbox.settled()
    assert await entries(again) == ["a", "b"]


async def test_what_is_forgotten_is_unreadable_and_overwritten(inboxes: World) -> None:
    process = await inboxes.process(works=True)
    await process.publisher.commits([commit(1, 3)])
    await process.inbox.post(texts("secret"))
    await process.inbox.settled()
    await process.inbox.forget(ANN)
    await process.inbox.post(texts("later"))
    await process.inbox.settled()
    bounds = await process.inbox.bounds(ANN)
    assert (bounds.floor, bounds.head) == (4, 5)
    assert (await process.inbox.read(ANN, 0, 10)).entries == []
    assert (await process.inbox.read(ANN, 4, 10)).entries == [Inline(5, b"later")]
    assert all(row.parts == [] for row in await process.rows.rows(ANN, 0, 4, 10))
    assert await entries(process, BEN) == pair(1, 3)


async def test_what_is_older_than_is_kept_is_below_the_floor(inboxes: World) -> None:
    process = await inboxes.process(works=True)
    await process.inbox.post(texts("a", "b"))
    await process.inbox.settled()
    now = process.now()
    process.now = lambda: now + 29 * 86_400_000
    assert (await process.inbox.bounds(ANN)).floor == 0
    (state,) = await process.rows.states([ANN])
    day = state.days[0][0]
    await process.rows.save(
        {ANN: msgspec.structs.replace(state, days=((day, 0), (day + 1, 2)), applied=Position(1, 50, 0))}
    )
    process.now = lambda: (day + 31) * 86_400_000
    assert (await process.inbox.bounds(ANN)).floor == 2
    assert (await process.inbox.read(ANN, 0, 10)).entries == []

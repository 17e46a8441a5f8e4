"""The streams of inboxes under faults: lost, gone back or full, with records nobody can read, their counters lost."""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import pytest
from tests.contract.harness import ANN, commit
from tests.contract.over_inbox_streams import SETTINGS
from tests.engines.inbox_world import InboxWorld, entries, is_there, pair, texts, until, worker_of
from tests.support.own_nats import OwnNats

from chinwag.adapters.cassandra import message_store
from chinwag.adapters.inboxes.poster import StreamPoster
from chinwag.adapters.inboxes.records import Posted, encode
from chinwag.adapters.inboxes.rows import Checkpoint
from chinwag.adapters.inboxes.worker import InboxWorker
from chinwag.adapters.nats.stream_reader import StreamRecord
from chinwag.domain.conversation import Position
from chinwag.domain.refusal import Code, Refused
from chinwag.flow import catch_up
from chinwag.ports.message_store import Commit


@pytest.mark.parametrize("how", ["deleted", "all lost"])
async def test_a_stream_that_is_lost_gives_all_a_new_epoch_and_goes_on(
    inboxes: InboxWorld, nats: OwnNats, how: str
) -> None:
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


async def test_what_was_lost_before_its_state_was_stored_is_posted_again(
    inboxes: InboxWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the two everybody loads afresh: it is in no inbox any more, and in no state yet."""
    process = await inboxes.process(works=True)
    store, inbox = process.stores.message_store, process.inbox
    await store.commit([commit(1, 5)])
    await inbox.settled()
    before = await inbox.bounds(ANN)
    post, apply, begun = StreamPoster.commits, InboxWorker._apply, list[catch_up.Start]()

    async def no_more_of_the_first(worker: InboxWorker, epoch: int, some: Sequence[StreamRecord]) -> None:
        if epoch == 1:
            raise Refused(Code.UNAVAILABLE, "not before the stream is gone")
        await apply(worker, epoch, some)

    async def post_and_lose(poster: StreamPoster, batch: Sequence[Commit]) -> Mapping[int, int]:
        known = await post(poster, batch)
        if not begun:
            await process.streams.delete(0, 1)
            await until(loaded_afresh)
        return known

    async def loaded_afresh() -> bool:
        started = await catch_up.start(inbox, store, ANN, before.epoch, 5)
        if started.reset is not None:
            begun.append(started)
        return started.reset is not None

    monkeypatch.setattr(message_store, "TOGETHER_SECONDS", 120.0)
    monkeypatch.setattr(InboxWorker, "_apply", no_more_of_the_first)
    monkeypatch.setattr(StreamPoster, "commits", post_and_lose)
    await store.commit([commit(6, 8)])
    await inbox.settled()
    assert begun == [catch_up.Start(before.epoch + 1, 5, 5, "epoch")]
    await store.commit([commit(9, 9)])
    await inbox.settled()
    assert await entries(process) == pair(1, 9)  # so what comes after the cursor is 6 and all that follows, once


async def test_a_stream_that_lost_what_was_acked_while_nobody_worked_is_noticed(
    inboxes: InboxWorld, nats: OwnNats
) -> None:
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


async def drop_last_record(nats: OwnNats, inboxes: InboxWorld) -> None:
    """Put a stream in the place of the partition's that ends one record earlier."""
    process = await inboxes.process(works=False)
    await process.streams.delete(0, 1)
    await process.streams.make(0, 1)
    await process.streams.append(0, 1, encode(Posted("log.0", [])), "another")
    await inboxes.end(process)


async def test_a_stream_that_has_gone_back_is_noticed_by_who_posts(
    inboxes: InboxWorld, nats: OwnNats, tmp_path: Path
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


async def test_it_is_noticed_by_whatever_source_posts_first(inboxes: InboxWorld, nats: OwnNats, tmp_path: Path) -> None:
    """Of two sources of one process, the one that posts next was acked little of the stream."""
    worker, process = await inboxes.process(works=True), await inboxes.process(works=False)
    await process.publisher.commits([commit(1, 1)])
    await process.inbox.settled()
    await inboxes.end(worker)
    nats.kill()
    shutil.copytree(nats.streams, tmp_path / "earlier")
    nats.begin()
    for word in ("a", "b"):
        await process.inbox.post(texts(word))
    before = await process.inbox.bounds(ANN)
    nats.kill()
    shutil.rmtree(nats.streams)
    shutil.copytree(tmp_path / "earlier", nats.streams)
    nats.hand_over()
    nats.begin()
    posting = asyncio.create_task(process.publisher.commits([commit(2, 2)]))  # behind its own first, and not behind b

    async def noticed() -> bool:
        return posting.done() or (await process.inbox.bounds(ANN)).epoch == before.epoch + 1

    await until(noticed)
    assert (await process.inbox.bounds(ANN)).epoch == before.epoch + 1, "a and b are lost, and no device is told"
    worker = await inboxes.process(works=True)
    await posting
    await process.inbox.settled()
    assert await entries(worker) == pair(1, 2)


async def test_a_full_stream_refuses_and_loses_nothing(inboxes: InboxWorld) -> None:
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


async def test_a_record_that_nobody_can_read_is_set_aside_alone(inboxes: InboxWorld) -> None:
    process = await inboxes.process(works=True)
    await process.inbox.post(texts("a"))
    await process.streams.append(0, 1, b"\x01no record", "damaged")
    await process.inbox.post(texts("b"))
    await process.inbox.settled()
    assert await entries(process) == ["a", "b"]
    assert process.workers is not None
    assert process.workers.figures().set_aside == 1


async def test_a_record_of_a_newer_version_is_left_to_that(inboxes: InboxWorld) -> None:
    process = await inboxes.process(works=True)
    await process.inbox.post(texts("a"))
    await process.inbox.settled()
    await process.streams.append(0, 1, b"\x63newer", "newer")

    async def given_up() -> bool:
        return worker_of(process).given_up

    await until(given_up)
    assert await entries(process) == ["a"]
    assert (await process.rows.checkpoint(0)).applied == Position(1, 1, 0)


async def test_a_lost_counter_repeats_no_epoch(inboxes: InboxWorld) -> None:
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

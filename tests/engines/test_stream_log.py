"""The log on JetStream when a server, an answer, a worker, a stream, or the counters of epochs are lost."""

import asyncio
import shutil
from pathlib import Path

import msgspec
import pytest
from prove.faults.proxy import Way
from tests.contract.embedded import EmbeddedHarness
from tests.contract.harness import PAIR
from tests.contract.over_jetstream import LogProcess
from tests.engines.stream_world import BOUND, World, a_world, submission, until, until_appended
from tests.support.own_nats import OwnNats, own_nats_with_streams
from tests.support.own_zookeeper import OwnEnsemble

from chinwag.adapters import appender
from chinwag.adapters.nats import log_messages as messages
from chinwag.adapters.nats.log_messages import Batch
from chinwag.adapters.nats.streams import State, StreamSettings
from chinwag.domain.conversation import Position
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.deliver import Deliver


async def state_of(process: LogProcess, epoch: int = 1) -> State:
    async with asyncio.timeout(BOUND):
        while True:
            try:
                return await process.streams.state(0, epoch)
            except Refused:
                await asyncio.sleep(0.05)


async def test_what_is_appended_while_the_server_is_dead_comes_in_order_once_it_is_back(
    world: World, nats: OwnNats
) -> None:
    reading = await world.reading()
    world.append(0, 99)
    await reading.until(99)
    await until_appended(world)
    nats.kill()
    world.append(100, 199)
    await asyncio.sleep(0)
    assert [one.ref for one in world.sender.log.held(0)] == list(range(100, 200))
    nats.begin()
    world.append(200, 299)
    await reading.until(299)
    await until_appended(world)
    assert list(world.sender.log.held(0)) == []
    assert reading.refs == list(range(300))
    assert reading.epochs == [1], "what was synced is there again"
    assert world.lost == []


async def test_a_batch_whose_answer_was_eaten_is_in_the_stream_once(world: World) -> None:
    reading = await world.reading()
    world.append(0, 9)
    await reading.until(9)
    await until_appended(world)
    world.relay.turn(Way.DEAF)
    world.append(10, 19)
    await reading.until(19)
    assert [one.ref for one in world.sender.log.held(0)] == list(range(10, 20))
    world.append(20, 29)
    world.relay.turn(Way.PASS)
    await reading.until(29)
    await until_appended(world)
    assert reading.refs == list(range(30))
    assert (await state_of(world.sender)).last_seq == 3
    assert world.lost == []


async def test_a_copy_that_the_stream_has_forgotten_is_placed_once(world: World, tmp_path: Path) -> None:
    """The servers know labels for half a minute; a worker knows what it has placed for ever."""
    stores = EmbeddedHarness(tmp_path / "data")
    await stores.start()
    owner = await world.process(works=True)
    working = asyncio.create_task(Deliver(0, owner.log, stores.store, stores.bus).run())

    async def placed(number: int) -> bool:
        (state,) = await stores.store.states([PAIR])
        return state is not None and state.head >= number

    try:
        await until(lambda: _exists(owner))
        raw = [msgspec.Raw(msgspec.msgpack.encode(submission(ref))) for ref in range(5)]
        record = messages.encode_batch(0, Batch("0a", 1, raw))
        for label in ("0a-1", "0a-1", "forgotten"):
            await world.sender.streams.append(0, 1, record, label)
        assert (await state_of(owner)).last_seq == 2, "the second was a copy to the stream, the third was not"
        world.append(5, 5)
        await until(lambda: placed(6))
        assert len(await stores.store.events(PAIR, 1, 100)) == 6
    finally:
        await owner.log.close()
        await asyncio.wait_for(working, BOUND)
        await stores.stop()


async def _exists(process: LogProcess) -> bool:
    return bool(await process.streams.epochs(0))


async def test_two_workers_that_overlap_read_the_same(world: World) -> None:
    one, two = await world.reading(), await world.reading()
    world.append(0, 49)
    await one.until(49)
    world.append(50, 99)
    await one.until(99)
    await two.until(99)
    assert one.records == two.records


async def test_a_worker_below_which_another_has_purged_starts_afresh_behind_it(world: World) -> None:
    stopped = await world.reading(relayed=True)
    other = await world.reading(checkpoints=True)
    world.append(0, 9)
    await stopped.until(9)
    await other.until(9)
    sender = await world.process(works=False)
    world.relay.turn(Way.SILENT)
    for ref in range(10, 20):
        sender.log.append(submission(ref))
    await other.until(19)

    async def purged() -> bool:
        found = await sender.streams.state(0, 1)
        return found.first_seq > found.last_seq == other.records[-1].position.sequence

    await until(purged)
    await other.stop()
    iterations = stopped.iterations
    world.relay.turn(Way.PASS)
    for ref in range(20, 30):
        sender.log.append(submission(ref))
    await stopped.until(29)
    assert stopped.refs == [*range(10), *range(20, 30)]
    assert stopped.iterations > iterations, "it was told, as what it has cached is of no use"


async def test_a_worker_below_which_all_was_purged_starts_afresh_before_anything_follows(world: World) -> None:
    owner = await world.process(works=True)
    stopped = world.read_by(owner)
    world.append(0, 9)
    await stopped.until(9)
    iterations = stopped.iterations
    # As if another one had read and applied what this one never heard of.
    (stream,) = [part.stream for part in owner.log._parts if part.stream is not None]
    await stream._drop(stream._consumer)
    await owner.streams.append(0, 1, messages.encode_batch(0, Batch("0a", 1, [])), "unheard")
    await owner.streams.forget(0, 1, 3)

    async def afresh() -> bool:
        return stopped.iterations > iterations

    await until(afresh)
    world.append(10, 10)
    await stopped.until(10)
    assert stopped.refs == list(range(11))


async def test_only_what_is_applied_is_purged(world: World) -> None:
    owner = await world.process(works=True)
    reading = world.read_by(owner)
    world.append(0, 4)
    await reading.until(4)
    await until_appended(world)
    world.append(5, 9)
    await reading.until(9)
    assert [record.position for record in reading.records] == [
        Position(1, sequence, part) for sequence in (1, 2) for part in range(5)
    ]
    owner.log.checkpoint(0, Position(1, 2, 3))

    async def first_is(sequence: int) -> bool:
        return (await owner.streams.state(0, 1)).first_seq == sequence

    await until(lambda: first_is(2))
    owner.log.checkpoint(0, Position(1, 1, 4))  # lower: void
    owner.log.checkpoint(0, Position(1, 2, 4))
    await until(lambda: first_is(3))
    again = await world.reading()
    world.append(10, 10)
    await again.until(10)
    assert again.refs == [10]


async def test_a_stream_that_is_lost_begins_a_new_epoch(world: World) -> None:
    reading = await world.reading()
    world.append(0, 9)
    await reading.until(9)
    await until_appended(world)
    world.moved.clear()
    await world.sender.streams.delete(0, 1)
    world.append(10, 19)
    await reading.until(19)
    await until_appended(world)
    assert reading.refs == list(range(20))
    assert reading.epochs == [1, 2]
    assert world.moved == [0], "whoever waits for an answer appends again"
    assert await world.sender.streams.epochs(0) == [2]


async def test_servers_that_have_lost_all_begin_a_new_epoch(world: World, nats: OwnNats) -> None:
    reading = await world.reading()
    world.append(0, 9)
    await reading.until(9)
    await until_appended(world)
    nats.kill()
    shutil.rmtree(nats.streams)
    nats.begin()
    world.append(10, 19)
    await reading.until(19)
    assert reading.refs == list(range(20))
    assert reading.epochs == [1, 2]


@pytest.mark.parametrize("who", ["reader", "appender"])
async def test_a_stream_that_has_gone_back_begins_a_new_epoch(
    world: World, nats: OwnNats, who: str, tmp_path: Path
) -> None:
    owner = await world.process(works=True)
    reading = world.read_by(owner)
    world.append(0, 9)
    await reading.until(9)
    await until_appended(world)
    nats.kill()
    shutil.copytree(nats.streams, tmp_path / "earlier")
    nats.begin()
    for ref in range(10, 20):
        world.append(ref, ref)
        await reading.until(ref)
        await until_appended(world)
    if who == "appender":
        await reading.stop()
    world.moved.clear()
    nats.kill()
    shutil.rmtree(nats.streams)
    shutil.copytree(tmp_path / "earlier", nats.streams)
    nats.hand_over()
    nats.begin()
    if who == "appender":
        world.append(20, 20)  # acked at a sequence that was another's

    async def in_the_second() -> bool:
        return await owner.epochs.current(0) == 2

    await until(in_the_second)
    if who == "reader":
        world.append(20, 29)
        await reading.until(29)
        assert reading.refs == list(range(30))
        assert reading.epochs == [1, 2]
        assert world.moved == [0]


async def test_a_stream_behind_what_the_store_has_applied_begins_a_new_epoch(world: World) -> None:
    first = await world.reading()
    world.append(0, 2)
    await first.until(2)
    await first.stop()

    async def applied(_: int) -> Position:
        return Position(1, 100, 0)

    process = await world.process(works=True, applied=applied)
    later = world.read_by(process)

    async def in_the_second() -> bool:
        return await process.streams.epochs(0) == [2]

    await until(in_the_second)
    world.append(3, 3)
    await later.until(3)
    assert later.epochs == [2]


async def test_counters_that_were_lost_repeat_no_epoch(world: World) -> None:
    first = await world.reading()
    world.append(0, 0)
    await first.until(0)
    await first.stop()
    fresh = await world.process(works=True, other_counters=True)  # all that they knew is gone
    reading = world.read_by(fresh)
    fresh.log.append(submission(1))
    await reading.until(1)
    assert reading.epochs == [2], "above that of the stream that is there"

    async def applied(_: int) -> Position:
        return Position(7, 3, 0)

    last = await world.process(works=True, other_counters=True, applied=applied)
    reading = world.read_by(last)
    last.log.append(submission(2))
    await reading.until(2)
    assert reading.epochs == [8], "above that which the store has seen"


async def test_with_the_counters_away_the_log_goes_on(world: World, zookeeper: OwnEnsemble) -> None:
    reading = await world.reading()
    world.append(0, 9)
    await reading.until(9)
    zookeeper.servers[0].kill()
    try:
        world.append(10, 19)
        await reading.until(19)
        await until_appended(world)
    finally:
        zookeeper.servers[0].begin()
    world.append(20, 29)
    await reading.until(29)
    assert reading.refs == list(range(30))
    assert reading.epochs == [1]
    assert world.lost == []


async def test_a_process_that_never_appended_knows_where_to_when_the_counters_go_away(
    world: World, zookeeper: OwnEnsemble
) -> None:
    owner = await world.process(works=True)
    await owner.epochs.begin(0, 0)
    await owner.streams.make(0, 1)
    quiet = await world.process(works=False)

    async def known() -> bool:
        return quiet.log._epochs._known.get(0) == 1

    await until(known)
    zookeeper.servers[0].kill()
    try:
        quiet.log.append(submission(0))
        await quiet.settled()
        assert (await owner.streams.state(0, 1)).last_seq == 1
    finally:
        await asyncio.to_thread(zookeeper.servers[0].begin)


async def test_a_full_stream_takes_nothing_and_loses_nothing(
    nats: OwnNats, zookeeper: OwnEnsemble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appender, "LIFE_SECONDS", 0.5)
    settings = StreamSettings(replicas=1, most=2 << 20)
    async with a_world(nats.url, nats.port, zookeeper.hosts, settings) as world:
        owner = await world.process(works=True)
        await owner.epochs.begin(0, 0)
        await owner.streams.make(0, 1)
        for ref in range(25):
            world.append(ref, ref, "x" * 99_999)
            await until_appended(world)
        assert world.lost
        assert {code for _, code in world.lost} == {Code.UNAVAILABLE}
        refused = [ref for ref, _ in world.lost]
        taken = [ref for ref in range(25) if ref not in refused]
        assert taken == list(range(len(taken))), "each that was acked is kept"
        reading = world.read_by(owner, checkpoints=True)
        await reading.until(taken[-1])

        async def empty() -> bool:
            found = await owner.streams.state(0, 1)
            return found.first_seq > found.last_seq

        await until(empty)
        world.append(25, 25)
        await reading.until(25)
        assert reading.refs == [*taken, 25]
        assert reading.epochs == [1]


@pytest.mark.cluster_prove
async def test_of_three_servers_each_may_be_killed_and_then_all(zookeeper: OwnEnsemble) -> None:
    with own_nats_with_streams(3) as servers:
        urls = tuple(f"nats://127.0.0.1:{server.port}" for server in servers)
        settings = StreamSettings(replicas=3, most=64 << 20)
        async with a_world(servers[0].url, servers[0].port, zookeeper.hosts, settings) as world:
            owner = await world.process(works=True, urls=urls)
            world.sender = await world.process(works=False, urls=urls)
            world.sender.log.on_lost(lambda one, code: world.lost.append((one.ref, code)))
            reading = world.read_by(owner)
            world.append(0, 9)
            await reading.until(9)
            for count, server in enumerate(servers, 1):
                server.kill()
                for ref in range(count * 1_000, count * 1_000 + 200):
                    world.append(ref, ref)
                await reading.until(count * 1_000 + 199)
                server.begin()
            for server in servers:  # a stream of which nobody speaks is not one that is lost
                server.kill()
            world.append(4_000, 4_199)
            for server in servers:
                server.launch()
            for server in servers:
                server.wait()
            await reading.until(4_199)
            expected = [*range(10), *(count * 1_000 + step for count in (1, 2, 3, 4) for step in range(200))]
            assert reading.refs == expected
            assert reading.epochs == [1]
            assert world.lost == []

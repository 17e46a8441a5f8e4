"""Whether streams can be used: one process looks, and the others go by that for a second."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import NamedTuple

import pytest
from tests.contract.over_nats import nats_at
from tests.support.own_nats import OwnNats

from chinwag.adapters.nats import NatsConnection
from chinwag.adapters.nats.shared_look import FRESH_SECONDS, SharedLook
from chinwag.adapters.nats.streams import Looked, Streams, StreamSettings
from chinwag.domain.refusal import Code, Refused

SETTINGS = StreamSettings(replicas=1, most=64 << 20)
FEW = 5


class Counted(Streams):
    """Streams that count how often somebody looks."""

    looks = 0

    async def look(self) -> Looked:
        self.looks += 1
        return await super().look()


class Process(NamedTuple):
    """One of a cluster. time: its own."""

    connection: NatsConnection
    streams: Counted
    look: SharedLook
    time: list[float]


def _at(time: list[float]) -> float:
    return time[0]


@pytest.fixture
async def pair(nats: OwnNats) -> AsyncIterator[list[Process]]:
    """Two processes, and one stream."""
    servers = nats_at(nats.url)
    made: list[Process] = []
    for name in ("one", "other"):
        connection = await NatsConnection.open(servers, name)
        streams, time = Counted(connection, SETTINGS), [100.0]
        made.append(Process(connection, streams, SharedLook(connection, [streams], partial(_at, time)), time))
        await connection.settled()
    await made[0].streams.make(0, 1)
    yield made
    if made[0].connection.away_since is None:
        await made[0].streams.delete(0, 1)
    for process in made:
        process.look.close()
        await process.connection.close()


async def heard(process: Process) -> None:
    """Wait until a look does not go to the servers, as it goes by another's."""
    async with asyncio.timeout(30):
        while True:
            before = process.streams.looks
            process.time[0] += FRESH_SECONDS  # what it found itself counts no longer
            await asyncio.sleep(0.02)
            await process.look.check()
            if process.streams.looks == before:
                return


async def test_while_one_looks_the_others_go_by_what_it_found(pair: list[Process]) -> None:
    one, other = pair
    ending = asyncio.Event()

    async def look_on() -> None:
        while not ending.is_set():
            one.time[0] += FRESH_SECONDS
            await one.look.check()

    looking = asyncio.create_task(look_on())
    await heard(other)
    ending.set()
    await looking


async def test_what_was_found_counts_for_a_second_and_is_not_asked_again_meanwhile(pair: list[Process]) -> None:
    one, _ = pair
    for _ in range(FEW):
        await one.look.check()
    assert one.streams.looks == 1
    one.time[0] += FRESH_SECONDS
    await one.look.check()
    assert one.streams.looks == 2


async def test_a_stream_that_is_gone_is_told_to_each_that_looks_and_nobody_calls_it_well(pair: list[Process]) -> None:
    await pair[0].streams.delete(0, 1)
    for process in pair:
        process.time[0] += FRESH_SECONDS
        for _ in range(FEW):
            with pytest.raises(Refused) as refused:
                await process.look.check()
            assert refused.value.code is Code.UNAVAILABLE
        assert process.streams.looks == FEW, "what is not well is looked at each time"

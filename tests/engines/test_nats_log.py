"""The log over core NATS when NATS, the way to it, an answer, or the owner of a partition is away."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from urllib.parse import urlsplit

import msgspec
import pytest
from prove.faults.proxy import Proxy, Way
from tests.contract.harness import ANN, BEN, PAIR
from tests.contract.over_nats import Owner, Sender, nats_at
from tests.contract.postgres import empty
from tests.engines.log_owner import run
from tests.support.own_nats import OwnNats, own_nats

from chinwag.adapters.nats import log_messages as messages
from chinwag.adapters.nats.log_messages import Batch, Reply, Said
from chinwag.adapters.postgres.registry import make_registry
from chinwag.assembly.cluster.work import versions_part
from chinwag.domain.body import Text
from chinwag.domain.command import RULES_VERSION, Command, Send
from chinwag.domain.conversation import START
from chinwag.domain.ids import ClientId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.bus import NodeId
from chinwag.ports.log import Record, Submission
from chinwag.ports.registry import Node


def submission(ref: int, text: str = "hello") -> Submission:
    """A send in the direct conversation of Ann and Ben, which may begin it."""
    at = int(time.time() * 1000)
    command = Command(PAIR, ANN, DeviceId("d"), ClientId(str(ref)), at, Send(Text(text)), opening=True)
    return Submission(command, NodeId("n"), ref)


class Reading:
    """All that a process reads of the one partition."""

    def __init__(self, owner: Owner) -> None:
        self.records: list[Record] = []
        self.iterations = 0
        self._owner = owner
        self._more = asyncio.Event()
        self._task = asyncio.create_task(self._read())

    @property
    def refs(self) -> list[int]:
        return [record.submission.ref for record in self.records]

    async def _read(self) -> None:
        while not self._owner.log.closed:
            self.iterations += 1
            after = self.records[-1].position if self.records else START
            async for records in self._owner.log.records(0, after):
                self._take(records)

    def _take(self, records: Sequence[Record]) -> None:
        last = self.records[-1].position if self.records else START
        for record in records:
            position = record.position
            assert position.sequence == (last.sequence + 1 if position.epoch == last.epoch else 1), "no hole"
            assert position > last
            last = position
        self.records += records
        self._more.set()

    async def until(self, ref: int) -> None:
        async with asyncio.timeout(60):
            while ref not in self.refs:
                self._more.clear()
                await self._more.wait()

    async def stop(self) -> None:
        await self._owner.log.close()
        await self._task


@pytest.fixture
def nats() -> Iterator[OwnNats]:
    with own_nats() as server:
        yield server


class Pair:
    """A process that appends, by way of a proxy before NATS, and one that owns the one partition."""

    def __init__(self, nats: str, database: str) -> None:
        self.nats = nats
        self.database = database
        straight = nats_at(nats)
        self.cluster = straight.cluster
        self.relay = Proxy("127.0.0.1", urlsplit(nats).port or 0)
        self.owner = Owner(straight, database, lambda: int(time.time() * 1000))
        self.sender: Sender
        self.lost: list[Submission] = []
        self.told: list[tuple[int, Code]] = []
        self._owners: list[Owner] = []
        self._readings: list[Reading] = []

    async def start(self) -> None:
        relayed = msgspec.structs.replace(
            nats_at(self.nats, self.cluster), urls=(f"nats://127.0.0.1:{self.relay.port}",)
        )
        self.sender = Sender(relayed, self.database, 1)
        await self.sender.start()
        self.sender.log.on_lost(self._tell)

    async def stop(self) -> None:
        await self.sender.stop()
        for reading in self._readings:
            await reading.stop()
        for owner in self._owners:
            await owner.stop()

    def _tell(self, one: Submission, code: Code) -> None:
        self.lost.append(one)
        self.told.append((one.ref, code))

    async def begin(self, owner: Owner) -> Reading:
        """Let `owner` own the partition from now on, and read it."""
        await owner.start()
        self._owners.append(owner)
        reading = Reading(owner)
        self._readings.append(reading)
        return reading

    def append(self, first: int, last: int) -> None:
        for ref in range(first, last + 1):
            self.sender.log.append(submission(ref))


@pytest.fixture
async def pair(nats: OwnNats, postgres_url: str) -> AsyncIterator[Pair]:
    await empty(postgres_url, 1)
    await make_registry(postgres_url)
    opened = Pair(nats.url, postgres_url)
    async with opened.relay.serving():
        await opened.start()
        yield opened
        async with asyncio.timeout(30):
            await opened.stop()


async def test_what_is_appended_while_nats_is_dead_comes_in_order_once_it_is_back(pair: Pair, nats: OwnNats) -> None:
    reading = await pair.begin(pair.owner)
    pair.append(0, 99)
    await reading.until(99)
    await pair.sender.settled()
    nats.kill()
    pair.append(100, 199)
    await asyncio.sleep(0)
    assert [one.ref for one in pair.sender.log.held(0)] == list(range(100, 200))
    nats.begin()
    pair.append(200, 299)
    await reading.until(299)
    await pair.sender.settled()
    assert list(pair.sender.log.held(0)) == []
    assert reading.refs == list(range(300)), "one owner takes each batch once"
    assert pair.lost == []


async def test_a_batch_whose_answer_was_eaten_is_taken_once(pair: Pair) -> None:
    reading = await pair.begin(pair.owner)
    pair.append(0, 9)
    await reading.until(9)
    await pair.sender.settled()
    pair.relay.turn(Way.DEAF)
    pair.append(10, 19)
    await reading.until(19)
    assert [one.ref for one in pair.sender.log.held(0)] == list(range(10, 20))
    pair.append(20, 29)
    pair.relay.turn(Way.PASS)
    await reading.until(29)
    await pair.sender.settled()
    assert reading.refs == list(range(30))
    assert pair.lost == []


async def test_a_copy_of_a_batch_is_answered_and_not_taken(pair: Pair) -> None:
    reading = await pair.begin(pair.owner)
    pair.append(0, 0)
    await reading.until(0)
    copies = [msgspec.Raw(msgspec.msgpack.encode(submission(ref))) for ref in (1, 2)]
    sent = [
        messages.encode_batch(0, Batch("other", number, [copies[number - 1]]))
        for number in (1, 1, 2, 1)  # the last is late: its sender has gone on
    ]
    for message in sent:
        answer = await pair.sender.connection.request(f"log.{pair.owner.node}", message, 10.0)
        assert messages.decode_reply(answer).said is Said.TAKEN
    pair.append(3, 3)
    await reading.until(3)
    assert reading.refs == [0, 1, 2, 3]


async def test_without_an_owner_what_was_appended_is_lost_when_its_sender_ends(pair: Pair) -> None:
    pair.append(0, 2)
    await asyncio.sleep(0)
    pair.append(3, 4)
    await pair.sender.log.close()
    assert {one.ref for one in pair.lost} >= {3, 4}
    assert pair.lost == sorted(pair.lost, key=lambda one: one.ref)


async def test_a_newer_batch_makes_its_owner_leave_the_partition_to_another(pair: Pair) -> None:
    reading = await pair.begin(pair.owner)
    pair.append(0, 0)
    await reading.until(0)
    given_up: list[int] = []
    pair.owner.log.on_given_up.append(given_up.append)
    (known,) = versions_part(pair.owner.log).checks
    await known.probe()
    message = bytearray(messages.encode_batch(0, Batch("newer", 1, [msgspec.Raw(b"\xc0")])))
    message[0] = messages.VERSION + 1
    answer = await pair.sender.connection.request(f"log.{pair.owner.node}", bytes(message), 10.0)
    assert messages.decode_reply(answer).said is Said.ELSEWHERE
    assert given_up == [0]
    with pytest.raises(Refused, match="update this process"):
        await known.probe()
    pair.append(1, 1)
    newer = Owner(nats_at(pair.nats, pair.cluster), pair.database, lambda: 1)
    other = await pair.begin(newer)
    await pair.owner.registry.withdraw(pair.owner.node)  # as it drains
    await other.until(1)
    assert reading.refs == [0]
    assert other.refs == [1]


def spoilt(ref: int) -> bytes:
    """A submission whose action no version knows."""
    whole = msgspec.msgpack.decode(msgspec.msgpack.encode(submission(ref)))
    whole["command"]["action"] = {"type": "no such"}
    return msgspec.msgpack.encode(whole)


@pytest.mark.parametrize(
    "unreadable", [spoilt(2), b"\xc0", b"\x81\xa7command\xc0"], ids=["action", "nil", "no command"]
)
async def test_a_command_that_nobody_can_read_is_set_aside_alone(pair: Pair, unreadable: bytes) -> None:
    reading = await pair.begin(pair.owner)
    pair.append(0, 0)
    await reading.until(0)
    pair.sender.log._encode = lambda one: unreadable if one.ref in (2, 4) else msgspec.msgpack.encode(one)
    pair.append(1, 4)
    pair.append(5, 5)
    await reading.until(5)
    await pair.sender.settled()
    assert reading.refs == [0, 1, 3, 5]
    assert pair.told == [(2, Code.INTERNAL), (4, Code.INTERNAL)]
    assert pair.owner.log.unreadable == 2
    again = messages.encode_batch(0, Batch("other", 1, [msgspec.Raw(unreadable), msgspec.Raw(spoilt(9))]))
    for _ in range(2):  # a copy gets the same answer, and counts once
        reply = messages.decode_reply(await pair.sender.connection.request(f"log.{pair.owner.node}", again, 10.0))
        assert (reply.said, reply.aside) == (Said.TAKEN, (0, 1))
    assert pair.owner.log.unreadable == 4


async def test_a_command_of_newer_rules_that_cannot_be_read_is_not_set_aside(pair: Pair) -> None:
    reading = await pair.begin(pair.owner)
    pair.append(0, 0)
    await reading.until(0)
    given_up: list[int] = []
    pair.owner.log.on_given_up.append(given_up.append)
    newer = msgspec.msgpack.decode(spoilt(1))
    newer["command"]["rules"] = [RULES_VERSION + 1, 100, "what is not known yet"]
    raw = [msgspec.Raw(msgspec.msgpack.encode(each)) for each in (submission(1), newer)]
    message = messages.encode_batch(0, Batch("newer", 1, raw))
    answer = await pair.sender.connection.request(f"log.{pair.owner.node}", message, 10.0)
    assert messages.decode_reply(answer) == Reply(Said.ELSEWHERE)
    assert given_up == [0]
    assert reading.refs == [0]


@pytest.mark.parametrize("garbage", [b"", b"\x01", b"\x01\x00\x00\xc1", b"\x01\xff\xff\x80", b"\x01\x00\x00\x93\x01"])
async def test_what_is_no_batch_costs_nothing_but_itself(pair: Pair, garbage: bytes) -> None:
    reading = await pair.begin(pair.owner)
    pair.append(0, 0)
    await reading.until(0)
    answer = await pair.sender.connection.request(f"log.{pair.owner.node}", garbage, 10.0)
    assert messages.decode_reply(answer).said is not Said.TAKEN
    pair.append(1, 1)
    await reading.until(1)
    assert reading.refs == [0, 1]


async def test_an_owner_that_is_stopped_and_continued_places_nothing_twice(pair: Pair) -> None:
    """The other takes over with its lease; whoever waits appends again, as what the first had taken may be lost."""
    async with asyncio.timeout(180):
        await _stopped_and_continued(pair)


async def _stopped_and_continued(pair: Pair) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.engines.log_owner", pair.nats, pair.cluster, pair.database,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    assert await child.stdout.readline() == b"ready\n"
    waiting: dict[int, Submission] = {}
    moved: list[int] = []
    await pair.owner.start()
    await pair.owner.registry.withdraw(pair.owner.node)  # the child's is the only one at first

    def again(partition: int) -> None:
        moved.append(partition)
        held = {one.ref for one in pair.sender.log.held(partition)}
        for ref, one in waiting.items():
            if ref not in held:
                pair.sender.log.append(one)

    def append(first: int, last: int) -> None:
        for ref in range(first, last + 1):
            waiting[ref] = submission(ref)
            pair.sender.log.append(waiting[ref])

    async def until_placed(number: int) -> None:
        async with asyncio.timeout(60):
            while True:
                (state,) = await pair.owner.stores.message_store.states([PAIR])
                if state is not None and state.head >= number:
                    return

    pair.sender.log.on_new_owner(again)
    working = asyncio.create_task(run(pair.owner))
    append(1, 10)
    await until_placed(10)
    os.kill(child.pid, signal.SIGSTOP)
    try:
        append(11, 20)
        await pair.owner.registry.register(Node(pair.owner.node, ("delivery",)))
        await until_placed(20)
        before = len(moved)
        assert before > 0
    finally:
        os.kill(child.pid, signal.SIGCONT)
    append(21, 30)
    await until_placed(30)
    await pair.sender.settled()
    child.terminate()
    await child.wait()
    append(31, 31)
    await until_placed(31)
    events = await pair.owner.stores.message_store.events(PAIR, 1, 100)
    assert len(events) == 31, "each once, whoever placed it"
    (state,) = await pair.owner.stores.message_store.states([PAIR])
    assert state is not None
    assert state.head == 31
    assert set(state.members) == {ANN, BEN}
    await pair.owner.log.close()
    await working
    await pair.owner.stop()

"""What the Bus and the questions do when NATS, or the way to it, is away, and what they make of strange messages."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import msgspec
import pytest
import structlog
from nats.aio.client import Client as NatsClient
from prove.faults.proxy import Proxy, Way

from chinwag.adapters.nats import NatsBus, NatsConnection, NatsQuestions, NatsServers
from chinwag.adapters.nats.bus import TOLD
from chinwag.assembly.cluster.opened import EngineAwayError, connected_to_nats
from chinwag.config import Config
from chinwag.config.cluster_sections import Nats
from chinwag.domain.ids import AccountId
from chinwag.domain.presence import DeviceAt
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.bus import PEOPLE, NodeId, Publication, Subject, Tell, new_node
from chinwag.ports.questions import DevicesOnline

ANN = AccountId("1")


class Wires:
    """Connections to one NATS: one straight, one through a relay."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.cluster = secrets.token_hex(8)
        port = urlsplit(url).port
        assert port is not None
        self.relay = Proxy("127.0.0.1", port)
        self._open = AsyncExitStack()
        self.straight: NatsConnection
        self.relayed: NatsConnection

    async def start(self) -> None:
        await self._open.enter_async_context(self.relay.serving())
        self.straight = await NatsConnection.open(self._servers(urlsplit(self.url).port), "straight")
        self.relayed = await NatsConnection.open(self._servers(self.relay.port), "relayed")

    async def stop(self) -> None:
        await self.straight.close()
        await self.relayed.close()
        await self._open.aclose()

    def _servers(self, port: int | None) -> NatsServers:
        at = urlsplit(self.url)
        return NatsServers(
            urls=(f"nats://127.0.0.1:{port}",),
            cluster=self.cluster,
            user=at.username or "",
            password=at.password or "",
        )


@pytest.fixture
async def wires(nats_url: str) -> AsyncIterator[Wires]:
    opened = Wires(nats_url)
    await opened.start()
    yield opened
    await opened.stop()


class Heard:
    """What a subscriber has heard."""

    def __init__(self) -> None:
        self.all: list[Publication] = []
        self._more = asyncio.Event()

    def __call__(self, publication: Publication) -> None:
        self.all.append(publication)
        self._more.set()

    async def until(self, enough: Callable[[list[Publication]], bool]) -> list[Publication]:
        async with asyncio.timeout(90):
            while not enough(self.all):
                self._more.clear()
                await self._more.wait()
        return self.all


def tell(number: int) -> Tell:
    return Tell((ANN,), b"%d" % number)


async def in_step(sender: NatsBus, heard: Heard, mark: int) -> None:
    """Wait until what `sender` published before is heard."""
    sender.publish(PEOPLE, tell(mark))
    await heard.until(lambda all_of_them: tell(mark) in all_of_them)


@pytest.mark.parametrize("fault", ["cut", "silence"])
async def test_a_lost_way_is_told_once_it_is_back_and_all_goes_on(wires: Wires, fault: str) -> None:
    sender, reader = NatsBus(wires.straight), NatsBus(wires.relayed)
    heard, interrupted, never = Heard(), asyncio.Event(), asyncio.Event()
    reader.subscribe(PEOPLE, heard)
    reader.on_interruption(interrupted.set)
    sender.on_interruption(never.set)
    await wires.relayed.settled()
    await in_step(reader, heard, 0)
    if fault == "cut":
        wires.relay.turn(Way.GONE)
    else:
        wires.relay.turn(Way.SILENT)
    async with asyncio.timeout(90):
        while wires.relayed.away_since is None:  # by a look at the connection, every two seconds
            sender.publish(PEOPLE, tell(1))
            await asyncio.sleep(0.05)
    assert not interrupted.is_set(), "there is no use in asking again while the way is not free"
    lost = wires.relayed.lost
    reader.publish(PEOPLE, tell(2))
    await asyncio.sleep(0)
    await wires.relayed.settled()
    assert wires.relayed.lost == lost + 1, "what cannot go out is not kept: it would tell of what is past"
    wires.relay.turn(Way.PASS)
    async with asyncio.timeout(90):
        await interrupted.wait()
    await in_step(sender, heard, 3)
    await in_step(reader, heard, 4)
    assert tell(2) not in heard.all
    assert not never.is_set()


async def test_while_the_way_is_lost_a_question_is_unavailable(wires: Wires) -> None:
    node = new_node("gateway")

    async def answer(_: DevicesOnline) -> list[DeviceAt]:
        return []

    NatsQuestions(wires.straight).answer(node, DevicesOnline, answer)
    asking = NatsQuestions(wires.relayed, seconds=2)
    await wires.straight.settled()
    async with asyncio.timeout(90):
        while True:  # the server may hear of the question before it hears of the answerer
            try:
                assert await asking.ask(node, DevicesOnline(ANN)) == []
                break
            except Refused:
                continue
    wires.relay.turn(Way.SILENT)
    with pytest.raises(Refused) as refused:
        await asking.ask(node, DevicesOnline(ANN))
    assert refused.value.code is Code.UNAVAILABLE


async def test_what_a_newer_version_publishes_costs_nothing_but_itself(wires: Wires) -> None:
    bus, heard = NatsBus(wires.straight), Heard()
    bus.subscribe(PEOPLE, heard)
    await wires.straight.settled()
    strange = [{"type": "invented", "of": 2099}, {"type": "tell", "to": 7}, 5]
    message = [msgspec.msgpack.encode(each) for each in (tell(1), *strange, tell(2))]
    wires.straight.publish("bus.people", msgspec.msgpack.encode([msgspec.Raw(each) for each in message]))
    wires.straight.publish("bus.people", b"\xc1 no message at all")
    await in_step(bus, heard, 3)
    assert heard.all == [tell(1), tell(2), tell(3)]


async def test_a_tell_for_more_than_a_message_holds_reaches_all_of_them_once(wires: Wires) -> None:
    bus, heard = NatsBus(wires.straight), Heard()
    bus.subscribe(PEOPLE, heard)
    everybody = tuple(AccountId(f"{number:064}") for number in range(10 * TOLD + 1))
    bus.publish(PEOPLE, Tell(everybody, b"{}"))
    bus.publish(PEOPLE, tell(1))
    await heard.until(lambda all_of_them: tell(1) in all_of_them)
    told = [account for each in heard.all[:-1] if isinstance(each, Tell) for account in each.to]
    assert tuple(told) == everybody


@pytest.mark.parametrize("name", ["", "a.b", "*", ">", "a b", "a\r\nPUB x 1", "ä", "x" * 65])
async def test_what_a_person_may_write_is_no_part_of_a_subject(wires: Wires, name: str) -> None:
    bus, questions = NatsBus(wires.straight), NatsQuestions(wires.straight)
    with pytest.raises(ValueError, match="subject"):
        await questions.ask(NodeId(name), DevicesOnline(ANN))
    if "." not in name:
        with pytest.raises(ValueError, match="subject"):
            bus.subscribe(Subject(f"answers.{name}"), Heard())
        with pytest.raises(ValueError, match="subject"):
            bus.publish(Subject(f"answers.{name}"), tell(1))


async def test_two_clusters_on_one_nats_hear_nothing_of_each_other(wires: Wires, nats_url: str) -> None:
    ours, theirs = Heard(), Heard()
    bus = NatsBus(wires.straight)
    bus.subscribe(PEOPLE, ours)
    other = Wires(nats_url)
    await other.start()
    try:
        neighbour = NatsBus(other.straight)
        neighbour.subscribe(PEOPLE, theirs)
        await in_step(neighbour, theirs, 1)
        await in_step(bus, ours, 2)
    finally:
        await other.stop()
    assert (ours.all, theirs.all) == ([tell(2)], [tell(1)])


async def test_a_server_that_is_not_there_or_does_not_know_us_is_told_in_words(wires: Wires) -> None:
    at = urlsplit(wires.url)
    nobody = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    dead = nobody.sockets[0].getsockname()[1]
    nobody.close()
    await nobody.wait_closed()
    for port, password in ((dead, ""), (at.port, "wrong")):
        servers = NatsServers(urls=(f"nats://127.0.0.1:{port}",), cluster="c", user="x", password=password)
        with pytest.raises(Refused) as refused:
            await NatsConnection.open(servers, "nobody")
        assert refused.value.code is Code.UNAVAILABLE
        assert refused.value.detail.startswith("NATS: ")


async def test_a_server_that_does_not_know_us_is_named_once_and_with_its_reason(wires: Wires) -> None:
    """Each of the tries of the five seconds said it in the log, and what the operator was told in the end did not."""
    at = urlsplit(wires.url)
    config = Config(nats=Nats(urls=(f"nats://127.0.0.1:{at.port}",), user="x"))
    with structlog.testing.capture_logs() as logged, pytest.raises(EngineAwayError, match="Authorization Violation"):
        await connected_to_nats(config, "c", new_node("n"))
    assert logged == []


async def test_what_fails_in_a_way_unknown_to_the_library_loses_itself_and_nothing_after_it(
    wires: Wires, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender, reader = NatsBus(wires.straight), NatsBus(wires.relayed)
    heard, interrupted = Heard(), asyncio.Event()
    reader.subscribe(PEOPLE, heard)
    sender.on_interruption(interrupted.set)
    await wires.relayed.settled()
    await in_step(reader, heard, 0)
    publish, failing = NatsClient.publish, [RuntimeError("spoilt")]

    async def spoilt(client: NatsClient, subject: str, payload: bytes) -> None:
        if failing:
            raise failing.pop()
        await publish(client, subject, payload)

    monkeypatch.setattr(NatsClient, "publish", spoilt)
    lost = wires.straight.lost
    sender.publish(PEOPLE, tell(1))
    async with asyncio.timeout(90):
        await interrupted.wait()
    await in_step(sender, heard, 2)
    assert tell(1) not in heard.all
    assert wires.straight.lost == lost + 1

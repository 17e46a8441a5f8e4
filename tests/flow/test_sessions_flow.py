"""Sessions of a whole server in this process: what goes wrong with one of them is its own affair."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from tests.support.device import Device, texts
from tests.support.people import settle_in
from tests.support.places import InProcess

from chinwag.adapters.embedded.inbox import EmbeddedInbox
from chinwag.assembly import Server, open_server
from chinwag.config import Config, sections
from chinwag.domain.ids import AccountId, ClientId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.admission import Principal
from chinwag.ports.inbox import Bounds
from chinwag.wire.codec import encode
from chinwag.wire.frames import Hello, Send
from chinwag.wire.values import Text


class Town:
    """A server, and two people on it."""

    def __init__(self, server: Server, anna: Device, berta: Device) -> None:
        self.server = server
        self.anna = anna
        self.berta = berta

    async def write(self, name: str, text: str) -> None:
        """Anna writes to Berta."""
        await self.anna.ask(Send(ClientId(name), Text(text), to=self.berta.account))


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    people = await settle_in(tmp_path / "data", ["anna", "berta"])
    config = Config(
        data=sections.Data(path=tmp_path / "data"), server=sections.Server(port=0), observe=sections.Observe(port=0)
    )
    server = await open_server(config)
    await server.start()
    place = InProcess(server)
    anna, berta = [Device(place, *one) for one in people]
    for device in (anna, berta):
        await device.load()
        await device.connect()
    yield Town(server, anna, berta)
    for device in (anna, berta):
        await device.disconnect()
    await place.close()
    await server.stop()


async def test_who_leaves_while_being_let_in_is_forgotten(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    admission = town.server.legs.admission
    asked, gone = asyncio.Event(), asyncio.Event()

    async def check(token: str) -> Principal:
        asked.set()
        await gone.wait()
        return await admitted(token)

    async def bounds(_: AccountId) -> Bounds:
        raise Refused(Code.UNAVAILABLE)

    admitted = admission.check
    monkeypatch.setattr(admission, "check", check)
    monkeypatch.setattr(admission, "peek", lambda _: None)
    monkeypatch.setattr(town.server.ports.inbox, "bounds", bounds)
    await town.berta.disconnect()
    link = await town.berta.place.link(lambda _: None)
    link.send(encode(Hello(token=town.berta.token)))
    await asked.wait()
    link.cut()
    gone.set()
    await town.server.gateway.common.tasks.settled()
    assert town.server.legs.fan_out.of(town.berta.account) == ()
    inbox = town.server.ports.inbox
    assert isinstance(inbox, EmbeddedInbox)
    assert not inbox._held[town.berta.account]


async def test_a_session_that_cannot_be_written_to_is_cut_alone(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Sequence[bytes]) -> None:
        raise OSError("this socket is broken")

    monkeypatch.setattr(town.anna.link, "send_many", fail)
    town.anna.send(Send(ClientId("m1"), Text("hello"), to=town.berta.account))
    await town.berta.until(lambda: texts(town.berta) == ["hello"], "what was written to both")
    await town.anna.until(lambda: town.anna.link is not None and town.anna.link.ended.done(), "its end")
    await town.anna.connect()
    await town.anna.reach_head()
    assert texts(town.anna) == ["hello"]


async def test_who_is_so_slow_that_its_events_are_given_up_is_told(town: Town) -> None:
    berta = town.berta
    assert berta.link is not None
    berta.link.stall()
    for count in range(4):
        await town.write(f"m{count}", "long " * 19_000)
    await town.write("m", "given up")
    assert await town.server.ports.inbox.trim(1 << 60, 100) > 0
    berta.link.resume()
    await berta.until(lambda: bool(berta.resets), "the reset")
    assert [reset.cause for reset in berta.resets] == ["old"]
    await town.write("n", "and on")
    await berta.until(lambda: texts(berta)[-1:] == ["and on"], "what comes after it")
    assert not berta.byes

"""An inbox's own word ends whoever reads it, by every transport: a revocation of which the Bus said nothing, and a new
epoch, after which what was readable may be gone."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.people import PASSWORD
from tests.support.places import AtHand, Sockets
from tests.support.transports import LONG_POLL, SHORT_POLL, SSE, TRANSPORTS, WEBSOCKET, Transport

from chinwag.adapters.embedded.inbox import EmbeddedInbox
from chinwag.assembly import Server, open_server
from chinwag.config import Config
from chinwag.config.sections import Data, Observe
from chinwag.config.sections import Server as ServerSection
from chinwag.domain.account_change import DeviceRevoked
from chinwag.domain.events import AccountEvent
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.ports.inbox import Posting
from chinwag.wire.codec import encode
from chinwag.wire.frames import Hello


class Reader:
    """A device that reads its inbox by one transport."""

    def __init__(self, server: Server, transport: Transport) -> None:
        self.frames: list[dict[str, Any]] = []
        self._server = server
        self._place = Sockets(AtHand(server), transport)
        self._more = asyncio.Event()

    async def begin(self) -> None:
        made = {"name": "anna", "password": PASSWORD}
        await self._place.request("POST", "/v1/accounts", json=made)
        logged_in = (await self._place.request("POST", "/v1/sessions", json={**made, "device": "test"})).json()
        self.account = AccountId(logged_in["account"]["id"])
        self.device = DeviceId(logged_in["device"])
        async with asyncio.timeout(60):
            # The log-in is told there as well, by a task that needs its turn: a look at these stores never waits.
            while await self.head() == 0:  # noqa: ASYNC110 - nothing else tells of it
                await asyncio.sleep(0)
        link = await self._place.link(self._take)
        link.send(encode(Hello(token=logged_in["access_token"])))
        await self.until(lambda frame: frame["type"] == "welcome")

    async def head(self) -> int:
        return (await self._server.ports.inbox.bounds(self.account)).head

    async def post_revoked(self, device: DeviceId, version: int) -> None:
        """As the relay would, and nobody says it on the Bus."""
        change = DeviceRevoked(self.account, device, 1_800_000_000_000, version)
        event = msgspec.json.encode(AccountEvent(change=change))
        await self._server.ports.inbox.post([Posting(self.account, event)])

    async def until(self, enough: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async with asyncio.timeout(60):
            while True:
                for frame in self.frames:
                    if enough(frame):
                        return frame
                self._more.clear()
                await self._more.wait()

    def _take(self, payload: bytes) -> None:
        self.frames.append(json.loads(payload))
        self._more.set()

    async def close(self) -> None:
        await self._place.close()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    opened = await open_server(
        Config(data=Data(path=tmp_path / "data"), server=ServerSection(port=0), observe=Observe(port=0))
    )
    await opened.start()
    yield opened
    await opened.stop()


@pytest.mark.parametrize("transport", [WEBSOCKET, SSE], ids=lambda one: one.name)
async def test_a_revocation_in_the_inbox_ends_what_is_open(server: Server, transport: Transport) -> None:
    reader = Reader(server, transport)
    await reader.begin()
    await reader.post_revoked(DeviceId("another"), 1)
    await reader.until(lambda frame: frame["type"] == "event")
    await reader.post_revoked(reader.device, 2)
    bye = await reader.until(lambda frame: frame["type"] == "bye")
    assert bye["code"] == "revoked"
    assert [frame["position"] for frame in reader.frames if frame["type"] == "event"] == [2, 3]
    await reader.close()


@pytest.mark.parametrize("transport", TRANSPORTS, ids=lambda one: one.name)
async def test_a_new_epoch_of_the_inboxes_resets_whoever_reads(server: Server, transport: Transport) -> None:
    assert {WEBSOCKET, SSE, LONG_POLL, SHORT_POLL} == set(TRANSPORTS)
    reader = Reader(server, transport)
    await reader.begin()
    await reader.post_revoked(DeviceId("another"), 1)
    await reader.until(lambda frame: frame["type"] == "event")
    inbox = server.ports.inbox
    assert isinstance(inbox, EmbeddedInbox)
    engine = inbox._engine
    engine.epochs = msgspec.structs.replace(engine.epochs, inbox=engine.epochs.inbox + 1)
    # Somebody else's posting tells of it: this device hears of it though nothing is for it.
    server.ports.inbox.hold(AccountId("other"))
    await server.ports.inbox.post([Posting(AccountId("other"), b"{}")])
    reset = await reader.until(lambda frame: frame["type"] == "reset")
    assert (reset["cause"], reset["epoch"], reset["position"]) == ("epoch", engine.epochs.inbox, 2)
    await reader.post_revoked(DeviceId("another"), 3)
    await reader.until(lambda frame: frame["type"] == "event" and frame["position"] == 3)
    await reader.close()

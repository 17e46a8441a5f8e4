"""Asking for presence over HTTP: the real API, stores, Bus and presence role."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest

from chinwag.adapters.embedded import Embedded, open_embedded
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.presence import part_of
from chinwag.flow.online import Online
from chinwag.ports.bus import PEOPLE, NodeId, SessionChange, sessions_of
from chinwag.ports.directory import Directory
from chinwag.roles.api.app import ApiSettings, api
from chinwag.roles.api.presence import presence_routes
from chinwag.roles.presence.role import PresenceRole

from .conftest import LoggedInDevice, Process, Time


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[Embedded]:
    opened = await open_embedded(tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
async def presence(embedded: Embedded, directory: Directory, time: Time) -> AsyncIterator[PresenceRole]:
    async def friends(account: AccountId) -> Iterable[AccountId]:
        async with directory.reading() as reading:
            return await reading.friends.friends_of(account)

    role = PresenceRole(embedded.bus, embedded.mark_store, embedded.message_store, embedded.registry, friends, time)
    await role.start()
    yield role
    await role.stop()


@pytest.fixture
async def client(server: Process, presence: PresenceRole, embedded: Embedded) -> AsyncIterator[httpx2.AsyncClient]:
    node = NodeId("n1")
    presence.answer(embedded.questions, node)
    app = api(server.admission, [presence_routes(Online(embedded.questions, lambda _: node))], ApiSettings())
    transport = httpx2.ASGITransport(app=cast("Any", app))
    async with httpx2.AsyncClient(transport=transport, base_url="http://chinwag") as opened:
        yield opened


async def connect(embedded: Embedded, who: LoggedInDevice, time: Time) -> None:
    """Say that `who` has connected, and wait until people are told."""
    told = asyncio.Event()
    stop = embedded.bus.subscribe(PEOPLE, lambda _: told.set())
    change = SessionChange(AccountId(who.account), DeviceId(who.device), NodeId("n1"), "s", "up", time.now)
    embedded.bus.publish(sessions_of(part_of(change.account)), change)
    await told.wait()
    stop()


async def ask(client: httpx2.AsyncClient, asker: LoggedInDevice, *accounts: str) -> httpx2.Response:
    headers = {"authorization": f"Bearer {asker.access}"}
    return await client.get("/v1/presence", params=[("account", one) for one in accounts], headers=headers)


async def test_friends_are_answered_and_strangers_are_not(
    server: Process, client: httpx2.AsyncClient, embedded: Embedded, time: Time
) -> None:
    ann, ben, cat = [await server.person(name) for name in ("ann", "ben", "cat")]
    await ann.request("PUT", f"/v1/friends/{ben.account}")
    await ben.request("PUT", f"/v1/friends/{ann.account}")
    for who in (ann, cat):
        await connect(embedded, who, time)
    answer = await ask(client, ben, ann.account, cat.account, "nobody", ben.account)
    assert answer.status_code == 200, answer.text
    assert answer.json()["items"] == [
        {"account": ann.account, "online": True, "last_active_at": time.now},
        {"account": ben.account, "online": False, "last_active_at": 0},
    ]


async def test_own_devices(server: Process, client: httpx2.AsyncClient, embedded: Embedded, time: Time) -> None:
    ann = await server.person("ann")
    await connect(embedded, ann, time)
    answer = await client.get("/v1/presence/devices", headers={"authorization": f"Bearer {ann.access}"})
    assert answer.json()["items"] == [{"device": ann.device, "node": "n1", "since": time.now}]


async def test_one_must_say_who_asks_and_for_whom(server: Process, client: httpx2.AsyncClient) -> None:
    assert (await client.get("/v1/presence", params={"account": "1"})).status_code == 401
    ann = await server.person("ann")
    assert (await ask(client, ann)).status_code == 400
    assert (await ask(client, ann, *(["1"] * 101))).status_code == 400

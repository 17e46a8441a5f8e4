"""Many sockets that do not read, each within its own bound: together they are too slow, for an account and in all."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from prove.attacks.raw import Raw, frame, upgrade
from tests.support.people import PASSWORD

from chinwag.assembly import Server, open_server
from chinwag.config import Config, sections
from chinwag.roles.port.weights import UNREAD, WeightLimits

MOST = 512 << 10
TEXT = "x" * 99_000
MESSAGES = 60
"""Six megabytes: more than the kernel keeps between the two ends of a connection."""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    config = Config(
        data=sections.Data(path=tmp_path / "data"),
        server=sections.Server(port=0),
        observe=sections.Observe(port=0),
    )
    opened = await open_server(config)
    await opened.start()
    yield opened
    await opened.stop()


async def inbox(http: httpx2.AsyncClient, name: str) -> tuple[str, str]:
    """Somebody with six megabytes in its inbox: its token, and the cursor before all that."""
    made = await http.post("/v1/accounts", json={"name": name, "password": PASSWORD, "device": ""})
    token = made.json()["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    cursor = (await http.get("/v1/cursor", headers=headers)).json()["cursor"]
    group = (await http.post("/v1/conversations", json={"title": "Long"}, headers=headers)).json()["conversation"]
    body = {"body": {"type": "text", "text": TEXT}}
    sends = [http.post(f"/v1/conversations/{group}/messages", json=body, headers=headers) for _ in range(MESSAGES)]
    assert {answer.status_code for answer in await asyncio.gather(*sends)} == {201}
    return token, cursor


async def stalled(server: Server, token: str, cursor: str) -> Raw:
    """A socket that asks for all of it and does not read; returns when it is counted among those who do not."""
    url = f"http://127.0.0.1:{server.port.port}"
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", urlsplit(url).port))
    raw = Raw(*await asyncio.open_connection(sock=connection))
    before = len(server.port.sockets.unread)
    raw.write(upgrade())
    await raw.head()
    raw.writer.transport.pause_reading()  # type: ignore[attr-defined]
    raw.write(frame(json.dumps({"type": "hello", "token": token, "cursor": cursor}).encode()))
    async with asyncio.timeout(90):
        while len(server.port.sockets.unread) == before:  # noqa: ASYNC110 - the port tells nobody
            await asyncio.sleep(0)
    return raw


async def last_words(raw: Raw) -> tuple[str, int]:
    """Read on: the code of `bye` and of the close frame; or that there was a `pong`."""
    raw.writer.transport.resume_reading()  # type: ignore[attr-defined]
    said = ""
    while True:
        opcode, payload = await raw.frame()
        if opcode == 8:
            return said, int.from_bytes(payload[:2], "big")
        known = json.loads(payload)
        if known["type"] == "pong":
            return "pong", 0
        said = known.get("code", "")


@pytest.mark.parametrize("bound", ["account", "all"])
async def test_who_is_written_to_while_too_much_waits_is_told_that_it_is_too_slow(
    server: Server, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    unread = server.port.sockets.unread
    assert unread.limits == UNREAD
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{server.port.port}", timeout=30) as http:
        ann, ben = await inbox(http, "ann"), await inbox(http, "ben")
    sockets = [await stalled(server, *(ann if bound == "account" else ben)) for _ in range(3)]
    other = await stalled(server, *ben)
    mine = await stalled(server, *ann)
    limits = WeightLimits(per_owner=MOST) if bound == "account" else WeightLimits(in_all=MOST)
    assert unread.total > MOST, "nothing is too much"
    monkeypatch.setattr(unread, "limits", limits)
    mine.write(frame(b'{"type":"ping"}'))
    assert await last_words(mine) == ("slow_consumer", 1013)
    if bound == "account":
        # Of the other account far less waits: it is not held to be slow for what waits for the first.
        other.write(frame(b'{"type":"ping"}'))
        assert await last_words(other) == ("pong", 0)
    for raw in (*sockets, other, mine):
        raw.cut()

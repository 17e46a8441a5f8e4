"""Every transport through a real nginx with the configuration that is shipped, and who the server thinks is there."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from prove.process import ServerProcess
from prove.protocol.socket import OnFrame
from tests.life.nginx import SHIPPED, Nginx, nginx_command
from tests.support.certificate import make_certificate
from tests.support.device import Device
from tests.support.link import Link, SocketLink
from tests.support.people import PASSWORD, Crowd
from tests.support.places import Sockets

from chinwag.client import Client
from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import ClientId, ConversationId, Message, Text

UPSTREAMS = ("upstream-sticky.conf", "upstream-spread.conf")


class Through(Sockets):
    """A place that is reached through nginx."""

    def __init__(self, process: ServerProcess, nginx: Nginx) -> None:
        super().__init__(process)
        self.nginx = nginx

    async def request(
        self, method: str, path: str, *, token: str = "", json: object = None, key: str | None = None
    ) -> httpx2.Response:
        return await self._http.request(method, self.nginx.url + path, token, json, key)

    async def link(self, on_frame: OnFrame, *, small: bool = False) -> Link:
        return await SocketLink.open(self.nginx.url, on_frame, small=small)


@pytest.fixture
def process(tmp_path: Path) -> ServerProcess:
    """A server that believes its proxy, and lets one address sign up three times."""
    return ServerProcess(
        tmp_path / "data", "--server-trusted-proxies", "127.0.0.1", "--accounts-sign-ups-per-address", "3"
    )


@pytest.fixture
async def nginx(process: ServerProcess, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Nginx]:
    """nginx in front of that server."""
    await process.start()
    front = Nginx(tmp_path / "nginx", process.url, getattr(request, "param", UPSTREAMS[0]))
    await front.start()
    yield front
    front.end()
    process.end()
    print((tmp_path / "nginx" / "log").read_text(), process.log())


async def two_people(process: ServerProcess, nginx: Nginx) -> tuple[Crowd, Device, Device, ConversationId]:
    crowd = Crowd(process)
    crowd.place = Through(process, nginx)
    ann, bob = await crowd.people("ann", "bob")
    made = await crowd.place.request(
        "POST", "/v1/conversations", token=ann.token, json={"title": "proxied", "members": [bob.account]}
    )
    assert made.status_code == 201, made.text
    await ann.reach_head()
    await bob.reach_head()
    return crowd, ann, bob, ConversationId(made.json()["conversation"])


async def say(device: Device, conversation: ConversationId, text: str) -> None:
    answer = await device.ask(Send(ClientId(text), Text(text), conversation))
    assert isinstance(answer, Ack), answer


@pytest.mark.parametrize("nginx", UPSTREAMS, indirect=True)
async def test_every_transport_passes(process: ServerProcess, nginx: Nginx) -> None:
    crowd, ann, bob, group = await two_people(process, nginx)
    authorised = {"authorization": f"Bearer {bob.token}"}
    cursor = (await crowd.place.request("GET", "/v1/cursor", token=bob.token)).json()["cursor"]
    async with httpx2.AsyncClient(base_url=nginx.url, timeout=60) as http:
        # Sockets.
        await say(ann, group, "by socket")
        await bob.until(lambda: any(b"by socket" in one.raw for one in bob.seen), "the message by its socket")

        # Server-sent events: one that comes while the stream is open comes at once, not with the stream's end.
        async with http.stream("GET", "/v1/events", params={"after": cursor}, headers=authorised) as stream:
            assert stream.status_code == 200
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.aiter_lines()
            async with asyncio.timeout(90):
                await anext(line async for line in lines if "by socket" in line)
                await say(ann, group, "by stream")
                await anext(line async for line in lines if "by stream" in line)

        # Long polls: one that something ends, and one that waits for as long as a poll may.
        asked = {"after": (await crowd.place.request("GET", "/v1/cursor", token=bob.token)).json()["cursor"]}
        waiting = asyncio.create_task(http.get("/v1/sync", params={**asked, "wait": "25"}, headers=authorised))
        await say(ann, group, "by poll")
        answer = await waiting
        assert "by poll" in answer.text
        asked["after"] = answer.json()["cursor"]
        answer = await http.get("/v1/sync", params={**asked, "wait": "25"}, headers=authorised)
        assert answer.status_code == 200, "nginx waits longer than the server does"
        assert [event["event"].get("kind") for event in answer.json()["events"] if "number" in event["event"]] == []

        # The longest text, with every character escaped.
        longest = json.dumps({"body": {"type": "text", "text": "\U0001f30d" * 99_999}})
        headers = {**authorised, "content-type": "application/json", "idempotency-key": "longest"}
        answer = await http.post(f"/v1/conversations/{group}/messages", content=longest.encode(), headers=headers)
        assert answer.status_code == 201, answer.text
    await crowd.leave()


async def test_the_server_sees_the_client_behind_the_proxy_and_believes_no_client(nginx: Nginx) -> None:
    """Each address may sign up three times: so whoever is refused is counted as somebody who was there before."""

    async def sign_up(address: str, name: str, **headers: str) -> int:
        transport = httpx2.AsyncHTTPTransport(local_address=address)  # all of 127.0.0.0/8 is this machine
        async with httpx2.AsyncClient(base_url=nginx.url, transport=transport, timeout=90) as http:
            return (
                await http.post("/v1/accounts", json={"name": name, "password": PASSWORD}, headers=headers)
            ).status_code

    assert [await sign_up("127.0.0.2", f"two-{number}") for number in range(4)] == [201, 201, 201, 429]
    assert await sign_up("127.0.0.3", "three") == 201, "another address is another one's"
    assert await sign_up("127.0.0.2", "two-5", **{"x-forwarded-for": "192.0.2.1"}) == 429, "whatever it says itself"


def test_the_whole_site_is_good_nginx(tmp_path: Path) -> None:
    """`chinwag.conf` with a certificate made for the purpose, checked by nginx itself."""
    for shipped in SHIPPED.glob("*.conf"):
        shutil.copy(shipped, tmp_path)
    key, chain = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=chat.example.org", "-days", "2"]
    subprocess.run([*make, "-keyout", key, "-out", chain], check=True, capture_output=True)
    site = tmp_path / "chinwag.conf"
    site.write_text(site.read_text().replace("/etc/letsencrypt/live/chat.example.org", str(tmp_path)))
    top = tmp_path / "nginx.conf"
    top.write_text(f"pid {tmp_path}/pid; events {{}} http {{ include chinwag.conf; }}")
    checked = subprocess.run(
        [nginx_command(), "-t", "-e", "stderr", "-p", tmp_path, "-c", top], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr


async def test_the_client_talks_through_tls(process: ServerProcess, tmp_path: Path) -> None:
    await process.start()
    certificate = make_certificate(tmp_path)
    front = Nginx(tmp_path / "nginx", process.url, UPSTREAMS[0], certificate)
    try:
        await front.start()
        async with (
            asyncio.timeout(60),
            await Client.sign_up(front.url, "ann", PASSWORD, ca_file=certificate[0]) as ann,
            await Client.sign_up(front.url, "bob", PASSWORD, ca_file=certificate[0]) as bob,
        ):
            placed = await ann.send("through TLS", to=bob.account)
            assert placed.number == 1
            async for event in bob.events():
                if not isinstance(event, Message):
                    continue  # what happened to the account may come before
                assert isinstance(event.body, Text)
                assert event.body.text == "through TLS"
                break
    finally:
        front.end()
        process.end()

"""Through a real nginx, nobody gets an answer to somebody else's request, whatever bodies are sent at the socket.

nginx keeps connections to the server and gives each to whoever asks next. If server and proxy do not agree where a
request ends, a request hidden in a body is answered to the next person, and the answer of that one's to one more.
"""

import asyncio
from pathlib import Path

import httpx2
import pytest
from prove.process import ServerProcess
from tests.life.nginx import SHIPPED, Nginx
from tests.support.people import Crowd

ROUNDS = 12
# As many an operator has written it, and these files had it: every Upgrade is passed on, and every body.
PASSES_EVERYTHING = """
    proxy_http_version 1.1;
    proxy_set_header Host $host;
    location / { proxy_set_header Connection ""; proxy_pass http://chinwag; }
    location = /v1/socket {
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_pass http://chinwag;
    }
"""
UPGRADES = ("x", "h2c", "WebSocket", "websocket", "websocket, x")


async def ask_with_a_hidden_request(port: int, upgrade: str, hidden: bytes) -> bytes:
    """Send `hidden` in a body at the socket's address; what is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = b"\r\n" * 10_000 + hidden  # nginx sends its head in one segment, and the body in pieces of 16 KB
    head = f"POST /v1/socket HTTP/1.1\r\nHost: l\r\nConnection: upgrade\r\nUpgrade: {upgrade}\r\n"
    writer.write(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    try:
        return await reader.readuntil(b"\r\n\r\n")
    finally:
        writer.close()


@pytest.mark.parametrize("locations", [None, PASSES_EVERYTHING], ids=["as shipped", "everything passed on"])
async def test_everybody_gets_the_answer_to_their_own_request(
    process: ServerProcess, tmp_path: Path, locations: str | None
) -> None:
    await process.start("--server-trusted-proxies", "127.0.0.1")
    nginx = Nginx(tmp_path / "nginx", process.url, "upstream-sticky.conf", locations=locations)
    await nginx.start()
    crowd = Crowd(process)
    try:
        mallory, *people = await crowd.people("mallory", "ann", "bob", "cid")
        hidden = f"GET /v1/me HTTP/1.1\r\nHost: l\r\nAuthorization: Bearer {mallory.token}\r\n\r\n".encode()
        wrong: list[str] = []

        async def ask(http: httpx2.AsyncClient, token: str, account: str) -> None:
            answer = await http.get("/v1/me", headers={"authorization": f"Bearer {token}"})
            if answer.status_code != 200 or answer.json()["id"] != account:
                wrong.append(answer.text)

        async with httpx2.AsyncClient(base_url=nginx.url, timeout=90) as http, asyncio.timeout(60):
            for _ in range(ROUNDS):
                for upgrade in UPGRADES:
                    head = await ask_with_a_hidden_request(nginx.port, upgrade, hidden)
                    # 502: nginx was still sending the body when the server had refused it and closed.
                    assert int(head.split()[1]) in (400, 405, 426, 502), head
                    await asyncio.gather(*(ask(http, one.token, one.account) for one in people))
        assert wrong == []
        await crowd.leave()
    finally:
        nginx.end()


def test_the_shipped_files_pass_on_no_other_upgrade() -> None:
    """The map decides, and nothing in a location goes around it."""
    locations = (SHIPPED / "locations.conf").read_text()
    assert "$http_upgrade" not in locations
    assert "proxy_pass_request_body off" in locations

"""Files that would be pages run no script in a browser, and nobody reads one who may not. Each test has a fault planted
against it, with which it must fail."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from playwright.async_api import Browser
from playwright.async_api import Error as PageError
from tests.support.media import OCTETS, client_of
from tests.support.people import PASSWORD
from tests.web.browsers import chromium

from chinwag.assembly import Server, open_server
from chinwag.config import Config, sections
from chinwag.flow import history
from chinwag.roles.api import ranged

SCRIPT = "document.title = 'hurt'; fetch('/v1/server?hurt')"
HOSTILE = {
    "page.html": f"<!doctype html><script>{SCRIPT}</script>",
    "drawing.svg": f'<svg xmlns="http://www.w3.org/2000/svg"><script>{SCRIPT}</script></svg>',
    "picture.png": f"<!doctype html><script>{SCRIPT}</script>",
    "sheet.xml": f'<?xml version="1.0"?><x:script xmlns:x="http://www.w3.org/1999/xhtml">{SCRIPT}</x:script>',
}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """A server in this process, on a port, so that it can be made wrong."""
    config = Config(
        data=sections.Data(path=tmp_path / "data"), server=sections.Server(port=0), observe=sections.Observe(port=0)
    )
    made = await open_server(config)
    made.legs.accounts.passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened


async def person(url: str, name: str) -> tuple[Any, str]:
    """A client, and its account."""
    client = client_of(url, "")
    name = f"{name}-{secrets.token_hex(4)}"
    made = await client.post("/v1/accounts", json={"name": name, "password": PASSWORD})
    session = await client.post("/v1/sessions", json={"name": name, "password": PASSWORD})
    await client.aclose()
    return client_of(url, session.json()["access_token"]), made.json()["id"]


async def sent(client: Any, group: str, name: str, content: bytes) -> int:
    """Send a file; the message's number."""
    made = await client.post("/v1/media", params={"name": name}, content=content, headers={"content-type": OCTETS})
    placed = await client.post(
        f"/v1/conversations/{group}/messages", json={"body": {"type": "media", "upload": made.json()["id"]}}
    )
    assert placed.status_code == 201, placed.text
    return int(placed.json()["number"])


async def runs_a_script(browser: Browser, url: str) -> bool:
    """Whether opening `url` runs what is in it: with a context of its own, as somebody who follows a link."""
    context = await browser.new_context(accept_downloads=False)
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    try:
        await page.goto(url, wait_until="load")
    except PageError as error:
        if "Download" not in str(error) and "ERR_ABORTED" not in str(error):
            raise
    title = await page.title()
    await context.close()
    return title == "hurt" or any("?hurt" in one for one in asked)


async def hurt_by(browser: Browser, server: Server) -> list[str]:
    """Names of the hostile files whose script ran."""
    url = f"http://127.0.0.1:{server.port.port}"
    ann, _ = await person(url, "ann")
    group = (await ann.post("/v1/conversations", json={"title": "Tea"})).json()["conversation"]
    found = []
    for name, content in HOSTILE.items():
        number = await sent(ann, group, name, content.encode())
        link = await ann.get(f"/v1/conversations/{group}/messages/{number}/media?link=1")
        if await runs_a_script(browser, url + link.json()["url"]):
            found.append(name)
    await ann.aclose()
    return found


async def test_no_file_runs_a_script(browser: Browser, server: Server) -> None:
    assert await hurt_by(browser, server) == []


async def test_a_page_shown_in_place_is_noticed(
    browser: Browser, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = {
        "content-type": "text/html",
        "content-disposition": "inline",
        "content-security-policy": "default-src * 'unsafe-inline'",
    }
    monkeypatch.setattr(ranged, "headers_of", lambda served: dict(page))
    assert "page.html" in await hurt_by(browser, server)


async def test_even_shown_in_place_a_page_has_no_scripts(
    browser: Browser, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = ranged.headers_of
    page = {"content-type": "text/html", "content-disposition": "inline"}
    monkeypatch.setattr(ranged, "headers_of", lambda served: {**right(served), **page})
    assert await hurt_by(browser, server) == []


async def former_member_reads(server: Server) -> bool:
    """Whether somebody who was put out reads what was sent afterwards, or is deleted."""
    url = f"http://127.0.0.1:{server.port.port}"
    (ann, _), (ben, him) = await person(url, "ann"), await person(url, "ben")
    made = await ann.post("/v1/conversations", json={"title": "Tea", "members": [him]})
    group = made.json()["conversation"]
    change = {"change": {"type": "remove", "account": him}}
    assert (await ann.post(f"/v1/conversations/{group}/changes", json=change)).status_code == 201
    number = await sent(ann, group, "a.txt", b"later")
    read = await ben.get(f"/v1/conversations/{group}/messages/{number}/media")
    for client in (ann, ben):
        await client.aclose()
    return bool(read.status_code == 200)


async def test_a_former_member_reads_nothing_later(server: Server) -> None:
    assert not await former_member_reads(server)


async def test_a_former_member_who_reads_is_noticed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_must_hold", lambda ranges, number: None)
    assert await former_member_reads(server)

"""A server that stops answers what it was asked, takes no longer than that, and says that it is not ready."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
from tests.support.people import PASSWORD

from chinwag.assembly import Server, open_server
from chinwag.config import Config, sections

PATIENCE = 60.0
"""Seconds after which a stop that hangs fails its test. Nothing is decided by them."""
ACCOUNT = json.dumps({"name": "anna", "password": PASSWORD}).encode()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    opened = await open_server(_config(tmp_path / "data"))
    await opened.start()
    yield opened
    async with asyncio.timeout(PATIENCE):
        await opened.stop()


def _config(data: Path, port: int = 0) -> Config:
    return Config(data=sections.Data(path=data), server=sections.Server(port=port), observe=sections.Observe(port=0))


class Kept:
    """One kept-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, server: Server) -> "Kept":
        return cls(*await asyncio.open_connection("127.0.0.1", server.port.port))

    async def ask(self, head: str, body: bytes = b"", token: str = "") -> tuple[int, dict[str, str], bytes]:
        lines = [f"{head} HTTP/1.1", "Host: l", f"Content-Length: {len(body)}", "Content-Type: application/json"]
        lines += [f"Authorization: Bearer {token}", "Idempotency-Key: k"] if token else []
        self._writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        async with asyncio.timeout(60):
            status, *fields = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields if field)}
            return int(status.split()[1]), headers, await self._reader.readexactly(int(headers["content-length"]))

    async def end(self) -> bytes:
        """What comes until the server closes."""
        async with asyncio.timeout(60):
            return await self._reader.read()


@contextlib.asynccontextmanager
async def half_stopped(server: Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncio.Event]:
    """A stop held where it waits for answers, until the event is set that is given, or the block ends in whatever way:
    a test that fails here must not wait for ever in its fixture."""
    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def settled(_: float) -> None:
        waiting.set()
        await go_on.wait()

    monkeypatch.setattr(server.legs.accept, "settled", settled)
    async with asyncio.timeout(PATIENCE):
        stopping = asyncio.create_task(server.stop())
        try:
            await waiting.wait()
            yield go_on
        finally:
            go_on.set()
            await stopping


async def test_a_post_on_a_kept_connection_that_comes_while_it_drains_is_told_so_at_once(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking, still, idle = await Kept.open(server), await Kept.open(server), await Kept.open(server)
    for connection in (asking, still, idle):
        assert (await connection.ask("GET /v1/server"))[0] == 200
    assert (await asking.ask("POST /v1/accounts", ACCOUNT))[0] == 201
    logged_in = json.loads((await asking.ask("POST /v1/sessions", ACCOUNT))[2])
    with structlog.testing.capture_logs() as logged:
        async with half_stopped(server, monkeypatch) as go_on:
            group = json.dumps({"title": "Tea"}).encode()
            status, headers, body = await asking.ask("POST /v1/conversations", group, logged_in["access_token"])
            assert (status, headers["connection"], json.loads(body)["code"]) == (503, "close", "drain")
            assert await asking.end() == b""
            assert (await still.ask("GET /v1/server"))[0] == 503
            go_on.set()
            assert await idle.end() == b""
    assert [line for line in logged if line["log_level"] in ("error", "critical")] == []


async def test_it_is_ready_from_its_start_until_it_begins_to_stop(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await server.observe.readiness()).ready
    async with half_stopped(server, monkeypatch):
        readiness = await server.observe.readiness()
        assert (readiness.ready, [one.name for one in readiness.checks if not one.passed]) == (False, ["serving"])


async def test_without_the_directory_it_is_ready_and_says_so(server: Server) -> None:
    await server.ports.directory.close()
    readiness = await server.observe.readiness()
    assert (readiness.ready, [check.name for check in readiness.checks if not check.passed]) == (True, ["directory"])


async def test_a_start_that_finds_its_port_taken_lets_go_of_all(server: Server, tmp_path: Path) -> None:
    other = await open_server(_config(tmp_path / "other", port=server.port.port))
    with pytest.raises(OSError, match="in use"):
        await other.start()
    again = await open_server(_config(tmp_path / "other"))  # its folder is free
    await again.start()
    await again.stop()
    await other.stop()

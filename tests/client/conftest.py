"""Clients under test, and the servers that they talk to."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chinwag.client import Client, Credentials
from chinwag.wire.conversations import CurrentCursor
from chinwag.wire.values import DeviceId

from .scripted import ME, ScriptedServer


def credentials(url: str, expires_in: float = 600.0) -> Credentials:
    """Credentials as a log-in leaves them."""
    return Credentials(
        url=url,
        account=ME,
        name="ada",
        device=DeviceId("9"),
        access_token="access-1",
        expires_at=time.time() + expires_in,
        refresh_token="refresh-1",
    )


def client_of(server: ScriptedServer, store: Path | None = None, expires_in: float = 600.0) -> Client:
    """A client of the scripted server."""
    return Client(credentials(server.url, expires_in), store=store)


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedServer]:
    """A scripted server on a free port, whose inboxes end at 1.0."""
    async with ScriptedServer() as server:
        server.routes["GET /v1/cursor"] = lambda _body, _headers: (200, CurrentCursor("1.0"))
        yield server

"""Who waits for somebody else holds no place in which answers are made."""

import asyncio
from typing import Any
from unittest.mock import Mock

import pytest

from chinwag.flow.access.admission import Admission
from chinwag.roles.api.app import ApiSettings
from chinwag.roles.api.doorkeeper import Doorkeeper
from chinwag.roles.api.heard import Heard
from chinwag.roles.api.making import OF_OWNER, PLACE, Making, Place
from chinwag.roles.budgets import Budgets
from chinwag.roles.port.unread import Unread

PATIENCE = 60.0


async def _nothing() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


class Hanging:
    """Answers once it is let go; `/other` at once."""

    def __init__(self) -> None:
        self.inside = asyncio.Semaphore(0)
        self.go = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] != "/other":
            self.inside.release()
            await self.go.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize("path", ["/v1/openid/staff/callback", "//v1/openid/staff/callback/", "/v1/sync"])
async def test_people_who_wait_for_a_provider_keep_nobody_from_reading(path: str) -> None:
    """One that hangs answers none of them for seconds; all of a company come from one address."""
    app = Hanging()
    door = Doorkeeper(app, Mock(Admission), Budgets(), Mock(Heard), ApiSettings(), Unread())
    answered: list[int] = []

    async def ask(path: str) -> None:
        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answered.append(message["status"])

        scope = {"type": "http", "method": "GET", "path": path, "headers": [], "client": ("192.0.2.1", 9)}
        await door(scope, _nothing, send)

    waiting = [asyncio.create_task(ask(path)) for _ in range(OF_OWNER + 1)]
    try:
        async with asyncio.timeout(PATIENCE):
            for _ in waiting:
                await app.inside.acquire()
            await ask("/other")
        assert answered == [204]
        app.go.set()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*waiting)
    finally:
        for task in waiting:
            task.cancel()
    assert len(answered) == len(waiting) + 1


async def test_who_gets_no_place_in_time_is_told_and_who_waits_for_news_leaves_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Hanging()
    door = Doorkeeper(app, Mock(Admission), Budgets(), Mock(Heard), ApiSettings(), Unread())
    monkeypatch.setattr(door, "_making", Making(seconds=0.0))
    answered: list[int] = []
    scopes: list[dict[str, Any]] = []

    async def ask(path: str) -> None:
        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answered.append(message["status"])

        scope = {"type": "http", "method": "GET", "path": path, "headers": [], "client": ("192.0.2.1", 9)}
        scopes.append(scope)
        await door(scope, _nothing, send)

    waiting = [asyncio.create_task(ask("/v1/me")) for _ in range(OF_OWNER)]
    try:
        async with asyncio.timeout(PATIENCE):
            for _ in waiting:
                await app.inside.acquire()
            await ask("/other")
            assert answered == [503]
            place = scopes[0][PLACE]
            assert isinstance(place, Place)
            place.leave()
            await ask("/other")
            assert answered == [503, 204]
            app.go.set()
            await asyncio.gather(*waiting)
        assert len(door._making) == 0
    finally:
        for task in waiting:
            task.cancel()

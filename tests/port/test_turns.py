"""However many requests one connection brings at once, it takes a small part of each turn of the loop."""

import asyncio
from collections import Counter

import pytest
from tests.port.house import House

from chinwag.roles.port.http import UpgradingHttp

REQUEST = b"GET /hi HTTP/1.1\r\nHost: l\r\n\r\n"
MANY = 2000
A_TURN = 40
"""Of so short ones at most, for all connections: about 1 KiB."""


async def test_requests_that_come_at_once_are_parsed_and_answered_a_few_a_turn(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = 0
    parsed: Counter[int] = Counter()
    answered: Counter[int] = Counter()
    head, app = UpgradingHttp.on_headers_complete, UpgradingHttp.on_response_complete

    def on_headers_complete(http: UpgradingHttp) -> None:
        parsed[turn] += 1
        head(http)

    def on_response_complete(http: UpgradingHttp) -> None:
        answered[turn] += 1
        app(http)

    async def count() -> None:
        nonlocal turn
        while True:
            await asyncio.sleep(0)
            turn += 1

    monkeypatch.setattr(UpgradingHttp, "on_headers_complete", on_headers_complete)
    monkeypatch.setattr(UpgradingHttp, "on_response_complete", on_response_complete)
    greedy, modest = await house.connect(), await house.connect()
    counting = asyncio.create_task(count())
    greedy.write(REQUEST * MANY)
    modest.write(REQUEST.replace(b"/hi", b"/modest"))
    for _ in range(MANY):
        assert (await greedy.response())[0] == 200
    counting.cancel()
    assert sum(answered.values()) == MANY + 1
    assert max(parsed.values()) <= A_TURN
    assert max(answered.values()) <= 2  # one of each connection
    assert house.asked.index("GET /modest") < MANY // 10

"""The search of messages on a real server."""

import asyncio
import secrets
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.support.device import Device
from tests.support.people import Crowd

from chinwag.domain.body import Text
from chinwag.domain.ids import AccountId, ClientId
from chinwag.wire.frames import Ack, Send


async def say(one: Device, other: AccountId, *texts: str) -> str:
    """Send texts; the conversation's id."""
    for text in texts:
        answer = await one.ask(Send(ClientId(secrets.token_hex(8)), Text(text), to=other))
        assert isinstance(answer, Ack)
    return str(answer.conversation)


async def search(one: Device, status: int = 200, **asked: Any) -> Any:
    query = urlencode({name.rstrip("_"): value for name, value in asked.items()}, doseq=True)
    answer = await one.place.request("GET", f"/v1/search?{query}", token=one.token)
    assert answer.status_code == status, answer.text
    return answer.json()


async def found(one: Device, **asked: Any) -> list[str]:
    """The texts of all hits, once the index has everything."""
    async with asyncio.timeout(60):
        while True:
            page = await search(one, **asked)
            if "indexed_up_to" not in page:
                return [hit["message"]["body"]["text"] for hit in page["hits"]]
            await asyncio.sleep(0.3)


async def test_it_finds_what_was_said_to_and_by_oneself(crowd: Crowd) -> None:
    ann, ben, bea = await crowd.people("ann", "ben", "bea")
    pair = await say(ann, ben.account, "The weather is fine", "今天天气很好", "see https://example.org/weather")
    await say(ben, ann.account, "Weather? Crème brûlée!")
    await say(bea, ben.account, "secret weather")
    assert await found(ann, q="weather") == [
        "Weather? Crème brûlée!",
        "see https://example.org/weather",
        "The weather is fine",
    ]
    assert await found(ann, q="天气") == ["今天天气很好"]
    assert await found(ann, q='"weather is"') == ["The weather is fine"]
    assert await found(ann, q="brul") == ["Weather? Crème brûlée!"]
    assert await found(ann, q="weather", from_=ben.account) == ["Weather? Crème brûlée!"]
    assert await found(ann, has="link") == ["see https://example.org/weather"]
    assert await found(bea, q="weather") == ["secret weather"]
    assert await found(ben, q="weather", conversation=pair, limit=1) == ["Weather? Crème brûlée!"]
    page = await search(ben, q="weather", conversation=pair, limit=1)
    assert page["hits"][0]["ranges"] == [{"start": 0, "end": 7}]
    rest = await search(ben, q="weather", conversation=pair, before=page["next"])
    assert len(rest["hits"]) == 2
    assert "next" not in rest


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({}, 422, "bad_query"),
        ({"q": "..."}, 422, "bad_query"),
        ({"q": "x" * 257}, 422, "bad_query"),
        ({"q": "x" * 2_000}, 400, "bad_request"),
        ({"q": "word", "before": "abc"}, 400, "bad_cursor"),
        ({"q": "word", "since": 1 << 53}, 400, "bad_request"),
        ({"q": "word", "until": -1}, 400, "bad_request"),
        ({"q": "word", "limit": 51}, 400, "bad_request"),
        ({"q": "word", "mentions": "you"}, 400, "bad_request"),
        ({"q": "word", "has": "cheese"}, 400, "bad_request"),
        ({"q": "word", "conversation": "x" * 201}, 400, "bad_request"),
        ({"q": "word", "conversation": "g~1"}, 404, "no_conversation"),
        ({"q": "word", "from": "x" * 65}, 400, "bad_request"),
        ({"q": 'NEAR(" OR *', "from": "nobody"}, 200, None),
    ],
)
async def test_what_cannot_be_asked_is_told(crowd: Crowd, asked: dict[str, Any], status: int, code: str | None) -> None:
    (ann,) = await crowd.people("ann")
    assert (await search(ann, status, **asked)).get("code") == code

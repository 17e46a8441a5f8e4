"""A receiver that nobody here wrote (npm's web-push-testing) opens what is pushed to it, and checks the signature."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx2
import msgspec
import pytest
from tests.push_services.conftest import HandClock, new_key, notice
from tests.support.push_browser import unbase64url

from chinwag.adapters.outgoing.guarded import GuardedWeb
from chinwag.adapters.push_services.asking import Asking
from chinwag.adapters.push_services.breakers import Breakers
from chinwag.adapters.push_services.vapid import Vapid, public_key
from chinwag.adapters.push_services.web_push import WebPush
from chinwag.domain.push_notice import Delivered, Ended, Unwanted, WebAddress

ROOT: Final = Path(__file__).parents[2]
HERE: Final = Path(__file__).parent / "other"
PATIENCE: Final = 60.0


class Receiver:
    """Its process, asked over HTTP."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def ask(self, path: str, **form: str) -> Any:
        answer = await self._client.post(path, data=form)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"] if answer.headers["content-type"].startswith("application/json") else None

    async def subscribe(self, key: str) -> tuple[WebAddress, str]:
        """The address of one more browser, and by what it is asked about."""
        made = await self.ask("/subscribe", userVisibleOnly="true", applicationServerKey=key)
        keys = made["keys"]
        address = WebAddress(
            endpoint=made["endpoint"],
            p256dh=unbase64url(keys["p256dh"]),
            auth=unbase64url(keys["auth"]),
            key="one",
        )
        return address, made["clientHash"]

    async def messages(self, client: str) -> list[dict[str, Any]]:
        got = await self.ask("/get-notifications", clientHash=client)
        return [msgspec.json.decode(one) for one in got["messages"]]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    installed = await asyncio.create_subprocess_exec(
        "tools/web.sh", "node", str(HERE.relative_to(ROOT)), cwd=ROOT, stdout=subprocess.PIPE
    )
    node = (await installed.communicate())[0].decode().strip().splitlines()[-1]
    assert installed.returncode == 0
    process = await asyncio.create_subprocess_exec(
        node, "server.js", cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            address = json.loads(await process.stdout.readline())["address"]
        async with httpx2.AsyncClient(base_url=address, timeout=PATIENCE) as client:
            yield Receiver(client)
    finally:
        process.kill()
        await process.wait()


async def test_it_opens_what_is_pushed_to_it(receiver: Receiver, time: HandClock) -> None:
    private, other = new_key(), new_key()
    keys = {"one": private, "other": other}
    web = GuardedWeb(("*",), dangerous=True)
    push = WebPush(Asking(web, Breakers(time.steady), time.wall), Vapid("mailto:a@b.example", keys.get, time.wall))
    address, client = await receiver.subscribe(public_key(private))
    long = "ø" * 600
    assert await push.send(address, notice()) == Delivered()
    assert await push.send(address, notice(text=long, number=13)) == Delivered()
    got = await receiver.messages(client)
    assert [(one["number"], one["text"]) for one in got] == [(12, "See you at noon"), (13, long)]
    # One signed by another key than it subscribed with is refused.
    assert isinstance(await push.send(msgspec.structs.replace(address, key="other"), notice()), Unwanted)
    await receiver.ask(f"/expire-subscription/{client}")
    assert isinstance(await push.send(address, notice()), Ended)
    assert len(await receiver.messages(client)) == 2
    await push.close()

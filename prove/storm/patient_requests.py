"""Requests of people who are no devices of the crowd: made again until there is an answer that stands."""

import asyncio
import time
from typing import Any, Final

import httpx2
from prove.storm.people import Person
from prove.storm.world import Stuck, World

PATIENCE: Final = 120.0
REQUEST_SECONDS: Final = 45.0
PAUSE: Final = 0.1
AGAIN: Final = frozenset({408, 429, 500, 502, 503, 507})
REFUSED: Final = frozenset({403, 404, 409, 410})


class Requests:
    """Of one group of people. name: begins the keys of their commands."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name
        self._keys = 0
        self._client = httpx2.AsyncClient(timeout=REQUEST_SECONDS)

    async def close(self) -> None:
        """Ask nothing more."""
        await self._client.aclose()

    async def ask(
        self,
        by: Person,
        method: str,
        path: str,
        *,
        body: object = None,
        content: bytes | None = None,
        key: bool = False,
        refusable: bool = False,
        missing: bool = False,
    ) -> Any:
        """The answer's JSON. key: it is a command, which is done once. refusable: None for what is refused for good.
        missing: what is not there any more was done by a try before."""
        answer = await self.answer(by, method, path, body=body, content=content, key=key)
        if answer.status_code < 300:
            return answer.json() if answer.content else None
        if (refusable and answer.status_code in REFUSED) or (missing and answer.status_code == 404):
            return None
        raise Stuck(f"{method} {path} was answered {answer.status_code} {answer.text[:300]}")

    async def answer(
        self,
        by: Person,
        method: str,
        path: str,
        *,
        body: object = None,
        content: bytes | None = None,
        key: bool = False,
    ) -> httpx2.Response:
        """An answer that stands: asked for until there is one. Raises Stuck."""
        self._keys += 1
        more = {"idempotency-key": f"{self._name}-{self._keys}"} if key else {}
        if content is not None:
            more["content-type"] = "application/octet-stream"
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            headers = {"authorization": f"Bearer {by.token()}", **more}
            try:
                if self._world.url:
                    answer = await self._client.request(
                        method, f"{self._world.url}{path}", json=body, content=content, headers=headers
                    )
                    if answer.status_code not in AGAIN and b'"token_expired"' not in answer.content[:1000]:
                        return answer
            except httpx2.HTTPError:
                pass
            await asyncio.sleep(PAUSE)
        raise Stuck(f"asked {method} {path} in vain for {PATIENCE:.0f} s")

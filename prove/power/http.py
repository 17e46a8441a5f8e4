"""Requests to a server that may be gone the next moment."""

from types import TracebackType
from typing import Any, Self

import httpx2
import msgspec


class Refused(Exception):  # noqa: N818 - it says what happened
    """The server answered something else than yes."""


class Http:
    """Requests over one run of a server, as a context."""

    def __init__(self, url: str) -> None:
        self._client = httpx2.AsyncClient(base_url=url, timeout=60)

    async def ask(self, method: str, path: str, token: str = "", body: object = None) -> Any:
        """The answer's JSON; None where it has no body or there is nothing (404).

        Raises Refused, and httpx2.HTTPError when no answer comes.
        """
        headers = {"authorization": f"Bearer {token}"} if token else {}
        content = None
        if body is not None:
            headers["content-type"] = "application/json"
            content = msgspec.json.encode(body)
        answer = await self._client.request(method, path, headers=headers, content=content)
        if answer.status_code == 404:
            return None
        if answer.status_code >= 300:
            raise Refused(f"{method} {path}: {answer.status_code} {answer.text}")
        return msgspec.json.decode(answer.content) if answer.content else None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._client.aclose()

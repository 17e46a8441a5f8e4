"""HTTP to a server that one knows only from outside: what guests need to come in and to go again."""

import asyncio
from typing import Final, TypeVar

import httpx2
import msgspec

from chinwag.client.errors import ApiError, Unreachable, of_problem
from chinwag.wire.errors import Problem

PATIENCE_SECONDS: Final = 60.0
"""How long in all one request waits for a server that asks to come again later."""
LEAST_WAIT: Final = 0.2

T = TypeVar("T")


class Door:
    """As a context. Requests that a server puts off are made again when it says, for `PATIENCE_SECONDS` at most."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._client = httpx2.AsyncClient(
            base_url=self.url,
            timeout=httpx2.Timeout(30.0, connect=10.0),
            limits=httpx2.Limits(max_connections=8, max_keepalive_connections=8),
            trust_env=False,
        )

    async def __aenter__(self) -> "Door":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def ask(
        self, method: str, path: str, answer: type[T], body: msgspec.Struct | None = None, token: str = ""
    ) -> T:
        """Ask for something. Raises `ApiError` and `Unreachable`."""
        found = await self.tell(method, path, body, token)
        try:
            return msgspec.json.decode(found, type=answer)
        except msgspec.DecodeError:
            raise ApiError("bad_answer", f"{self.url} does not answer as a Chinwag server does.") from None

    async def tell(self, method: str, path: str, body: msgspec.Struct | None = None, token: str = "") -> bytes:
        """Have something done; the raw answer. Raises `ApiError` and `Unreachable`."""
        waited = 0.0
        while True:
            try:
                return await self._once(method, path, body, token)
            except ApiError as error:
                wait = max(error.retry_after or 0.0, LEAST_WAIT)
                if isinstance(error, Unreachable) or not error.retryable or waited + wait > PATIENCE_SECONDS:
                    raise
            waited += wait
            await asyncio.sleep(wait)

    async def _once(self, method: str, path: str, body: msgspec.Struct | None, token: str) -> bytes:
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        content = None if body is None else msgspec.json.encode(body)
        if content is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = await self._client.request(method, path, content=content, headers=headers)
        except httpx2.RequestError as error:
            raise Unreachable(f"No answer from {self.url}: {error or type(error).__name__}") from error
        if answer.is_success:
            return answer.content
        try:
            problem = msgspec.json.decode(answer.content, type=Problem)
        except msgspec.DecodeError:
            raise ApiError("bad_answer", f"{self.url} answered {answer.status_code}, not as Chinwag does.") from None
        raise of_problem(problem)

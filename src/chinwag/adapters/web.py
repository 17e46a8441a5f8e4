"""`Web` on httpx2."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import httpx2

from chinwag.ports.web import ANSWER_BYTES, ANSWER_SECONDS, AwayError, WebAnswer

CONNECTIONS: Final = 96
"""At once, to all servers together; who finds none free in time is told that nobody answers."""
OF_HOST: Final = 24
"""At once, to one of them: one that never answers keeps nobody from the others."""

Trace = Callable[[str, Mapping[str, Any]], Awaitable[None]]
"""Is called with the name of a step (`http2.send_request_headers.started`), and what the library says of it."""


class HostPlaces:
    """How many ask one host at once. There is a semaphore for each as long as somebody asks it."""

    def __init__(self) -> None:
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def of(self, host: str, most: int) -> asyncio.Semaphore:
        """That of a host, which lets `most` through at once."""
        place = self._hosts.get(host)
        if place is None:
            place = self._hosts[host] = asyncio.Semaphore(most)
        return place


class HttpWeb:
    """Makes its connections at the first request. No proxy of the environment is used, and no cookie is kept."""

    def __init__(self) -> None:
        self._client: httpx2.AsyncClient | None = None
        self._places = HostPlaces()

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> WebAnswer:
        return await self._ask("GET", url, None, headers or {})

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> WebAnswer:
        return await self._ask("POST", url, form, headers or {})

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def _ask(
        self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> WebAnswer:
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self._places.of(urlsplit(url).netloc, OF_HOST):
                asked = {"accept": "application/json", **headers}
                answer, body = await read_whole(self._opened(), method, url, asked, ANSWER_BYTES, form=form)
        except TimeoutError:
            raise AwayError(f"no whole answer within {ANSWER_SECONDS:.0f} s") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            # the library's own words may quote what was sent
            raise AwayError(f"no answer ({type(error).__name__})") from None
        content_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        return WebAnswer(answer.status_code, content_type, body)

    def _opened(self) -> httpx2.AsyncClient:
        if self._client is None:
            self._client = httpx2.AsyncClient(
                verify=ssl.create_default_context(),
                timeout=httpx2.Timeout(ANSWER_SECONDS),
                limits=httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=4),
                follow_redirects=False,
                trust_env=False,
                cookies=no_cookies(),
            )
        return self._client


async def read_whole(
    client: httpx2.AsyncClient,
    method: str,
    url: str,
    headers: Mapping[str, str],
    most: int,
    *,
    form: Mapping[str, str] | None = None,
    content: bytes | None = None,
    trace: Trace | None = None,
) -> tuple[httpx2.Response, bytes]:
    """An answer and its body of at most `most` bytes. Raises `AwayError` for a redirect, a compressed body, and more
    than that; and httpx2's errors. trace: is told what the request comes to, step by step, and ends it by raising."""
    # What is not compressed cannot swell.
    asked = {"accept-encoding": "identity", **headers}
    body = bytearray()
    extensions = {} if trace is None else {"trace": trace}
    async with client.stream(method, url, data=form, content=content, headers=asked, extensions=extensions) as answer:
        if 300 <= answer.status_code < 400:
            raise AwayError(f"it sends elsewhere ({answer.status_code})")
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise AwayError("it compresses what was asked for as it is")
        async for part in answer.aiter_raw():
            body += part
            if len(body) > most:
                raise AwayError(f"it says more than {most // 1024} KB")
        return answer, bytes(body)


def no_cookies() -> CookieJar:
    """A jar that stays empty."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=()))

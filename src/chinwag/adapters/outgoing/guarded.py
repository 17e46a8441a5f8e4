"""Requests to servers that strangers named. Nothing of ours can be reached by them, and no answer costs us much.

https on port 443, to hosts of a list, by addresses that are the Internet's ([dialling](dialling.py)); no redirect is
followed, no proxy of the environment used, no cookie kept; bounded in time, in bytes and in how many at once.
"""

import asyncio
import ssl
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import httpcore2
import httpx2
import msgspec

from chinwag.adapters.outgoing.dialling import GuardedDialler, LookUp, NotInternetError
from chinwag.adapters.web import HostPlaces, no_cookies, read_whole
from chinwag.outgoing_url import outgoing_host
from chinwag.ports.push_service import WAITED_SECONDS, Still, always
from chinwag.ports.web import AwayError

CONNECT_SECONDS: Final = 5.0
WHOLE_SECONDS: Final = 10.0
"""From the name's look-up to the last byte of the answer."""
PLACE_SECONDS: Final = 0.5
"""How long one waits for its turn at a host, before: what it was to say may not be so any more after long, and a slow
host keeps nobody from others."""
ANSWER_BYTES: Final = 64 * 1024
CONNECTIONS: Final = 128
OF_HOST: Final = 64
"""Requests to one host at once; by HTTP/2 they share a connection."""
IDLE_SECONDS: Final = 60.0
_BEFORE: Final = ".send_request_headers.started"
"""How the client calls the moment in which nothing of a request was sent yet, and its connection stands."""


class NotAllowed(Exception):  # noqa: N818 - it is no failure: nothing was tried
    """The address is none that may be asked."""


class NoPlace(Exception):  # noqa: N818 - likewise
    """So many wait for this host that it had no turn. Nothing was sent."""


class Overtaken(Exception):  # noqa: N818 - likewise
    """What was to be sent is not so any more. Nothing was sent."""


class Answered(msgspec.Struct, frozen=True):
    """An answer, whatever its status. headers: by their names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Answered({self.status}, {len(self.body)} bytes)"


class GuardedWeb:
    """Makes its connections at the first request. hosts: patterns of `outgoing_url`. only_http2: for servers that know
    nothing else. dangerous: for tests, which reach this machine. authorities: what certificates are held against, in
    place of the system's."""

    def __init__(
        self,
        hosts: Sequence[str],
        *,
        dangerous: bool = False,
        only_http2: bool = False,
        authorities: ssl.SSLContext | None = None,
        look_up: LookUp | None = None,
        dialled: httpcore2.AsyncNetworkBackend | None = None,
    ) -> None:
        self._hosts = tuple(hosts)
        self._dangerous = dangerous
        self._only_http2 = only_http2
        self._authorities = authorities
        self._dialler = GuardedDialler(dangerous=dangerous, look_up=look_up, dialled=dialled)
        self._places = HostPlaces()
        self._client: httpx2.AsyncClient | None = None

    def host(self, url: str) -> str:
        """Whom `url` asks: the host, and its port if it is not 443. Raises `NotAllowed`."""
        if outgoing_host(url, self._hosts, self._dangerous) is None:
            raise NotAllowed
        return urlsplit(url).netloc.lower().removesuffix(":443")

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], still: Still = always) -> Answered:
        """POST once. still: as `PushService.send`. Raises `NotAllowed`, `NoPlace` and `Overtaken`, when nothing was
        sent; and `AwayError` when no whole answer came, whatever became of the request."""
        since = time.monotonic()

        async def look(step: str, _: Mapping[str, Any]) -> None:
            if step.endswith(_BEFORE) and time.monotonic() - since > WAITED_SECONDS and not await _is(still):
                raise Overtaken

        place = self._places.of(self.host(url), OF_HOST)
        try:
            async with asyncio.timeout(PLACE_SECONDS):
                await place.acquire()
        except TimeoutError:
            raise NoPlace from None
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                answer, said = await read_whole(
                    self._opened(), "POST", url, headers, ANSWER_BYTES, content=body, trace=look
                )
        except TimeoutError:
            raise AwayError(f"no whole answer within {WHOLE_SECONDS:.0f} s") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError, RuntimeError) as error:
            if isinstance(error.__cause__, NotInternetError):
                raise AwayError("its name leads elsewhere than to the Internet") from None
            # the library's own words may quote what was sent
            raise AwayError(f"no answer ({type(error).__name__})") from None
        finally:
            place.release()
        return Answered(answer.status_code, dict(answer.headers), said)

    async def close(self) -> None:
        """Let go of all connections."""
        self._dialler.close()
        if self._client is not None:
            await self._client.aclose()

    def _opened(self) -> httpx2.AsyncClient:
        if self._client is None:
            context = ssl.create_default_context() if self._authorities is None else self._authorities
            self._client = httpx2.AsyncClient(
                transport=_GuardedTransport(self._dialler, context, self._only_http2),
                timeout=httpx2.Timeout(WHOLE_SECONDS, connect=CONNECT_SECONDS),
                follow_redirects=False,
                trust_env=False,
                cookies=no_cookies(),
            )
        return self._client


async def _is(still: Still) -> bool:
    try:
        return await still()
    except Exception:  # where nobody can tell, nothing is sent
        return False


class _GuardedTransport(httpx2.AsyncHTTPTransport):
    """httpx2's own, with a pool that dials as we want it: it takes no dialler itself
    (`test_the_client_dials_by_the_guard` sees that this one is used)."""

    def __init__(self, dialler: GuardedDialler, context: ssl.SSLContext, only_http2: bool) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context,
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS // 4,
            keepalive_expiry=IDLE_SECONDS,
            http1=not only_http2,
            http2=True,
            network_backend=dialler,
        )

"""HTTP to a Chinwag server: one request at a time, typed in and out, every failure an `ApiError`."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

import httpx2
import msgspec

from chinwag.client.address import server_address
from chinwag.client.backoff import Backoff
from chinwag.client.errors import ApiError, LoggedOut, Unreachable, of_problem
from chinwag.wire.errors import Problem
from chinwag.wire.http import LogInRequest, Me, RefreshRequest, SessionTokens, SignUpRequest
from chinwag.wire.openid import BeginAnswer, BeginRequest

TIMEOUT_SECONDS: Final = 25.0
"""Longer than the server waits for its own answer, so that it is the server that says what went wrong."""
ATTEMPTS: Final = 4
"""Tries of a request whose repetition is harmless."""
RENEW: Final = frozenset({"token_expired", "unauthenticated"})
"""Refusals after which a new access token may help."""
OVER: Final = frozenset({"revoked", "account_disabled"})
"""Refusals of a device that has no session any more, and gets none by asking."""

T = TypeVar("T")
Parameter = str | int | Sequence[str]
Parameters = dict[str, Parameter]
Headers = Mapping[str, str]
AccessToken = Callable[[], Awaitable[str]]
RenewToken = Callable[[str], Awaitable[str]]


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Verify servers by the system's authorities, or by those in `ca_file` (PEM)."""
    return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))


class Http:
    """Requests to one server. `access` and `renew` give tokens; without them only public addresses can be asked.

    Environment variables for proxies are not looked at, as the socket does not use them either. Raises `BadAddress`.
    """

    def __init__(self, url: str, tls: ssl.SSLContext | None = None) -> None:
        self.url = server_address(url)
        self._client = httpx2.AsyncClient(
            base_url=self.url,
            verify=tls or tls_context(None),
            timeout=httpx2.Timeout(TIMEOUT_SECONDS, connect=10.0),
            limits=httpx2.Limits(max_connections=8, max_keepalive_connections=4),
            trust_env=False,
        )
        self._access: AccessToken | None = None
        self._renew: RenewToken | None = None

    def authorise(self, access: AccessToken, renew: RenewToken) -> None:
        """Ask with these tokens from now on."""
        self._access, self._renew = access, renew

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    # Public addresses

    async def sign_up(self, request: SignUpRequest) -> Me:
        """Make an account. Not repeated by itself, as a repetition would find the name taken."""
        return self._typed(await self._ask("POST", "/v1/accounts", body=request), Me)

    async def log_in(self, request: LogInRequest) -> tuple[SessionTokens, float | None]:
        """Log a new device in; also the server's clock (seconds since 1970). Not repeated by itself."""
        answer = await self._ask("POST", "/v1/sessions", body=request)
        return self._typed(answer, SessionTokens), _server_now(answer)

    async def begin_openid(self, provider: str, binding: str, return_to: str) -> str:
        """The address for a browser, to log in by a provider. Not repeated by itself."""
        request = BeginRequest(binding, return_to)
        answer = await self._ask("POST", f"/v1/openid/{quote(provider, safe='')}/begin", body=request)
        address = self._typed(answer, BeginAnswer).url
        if not address.startswith(("https://", "http://")) or not address.isprintable():
            raise ApiError("bad_answer", "The server's answer holds no address for a browser.")
        return address

    async def refresh(self, refresh_token: str, attempt: str) -> tuple[SessionTokens, float | None]:
        """Exchange a refresh token; also the server's clock. Repeated with the same attempt until answered."""
        request = RefreshRequest(attempt=attempt, refresh_token=refresh_token)
        answer = await _again(lambda: self._ask("POST", "/v1/sessions/refresh", body=request))
        return self._typed(answer, SessionTokens), _server_now(answer)

    # The rest

    async def get(self, path: str, answer: type[T], **parameters: Parameter | None) -> T:
        """Ask for something; repeated while a retry can help. Parameters that are None are left out."""
        given: Parameters = {name: value for name, value in parameters.items() if value is not None}
        return self._typed(await _again(lambda: self._authorised("GET", path, given)), answer)

    async def put(self, path: str, answer: type[T], body: msgspec.Struct | None = None) -> T:
        """Make something so. Repeated while a retry can help."""
        return self._typed(await _again(lambda: self._authorised("PUT", path, body=body)), answer)

    async def put_quietly(self, path: str) -> None:
        """Make something so that has no answer. Repeated while a retry can help."""
        await _again(lambda: self._authorised("PUT", path))

    async def patch(self, path: str, body: msgspec.Struct, answer: type[T]) -> T:
        """Change something. Repeated while a retry can help."""
        return self._typed(await _again(lambda: self._authorised("PATCH", path, body=body)), answer)

    async def delete(self, path: str) -> None:
        """End something. Repeated while a retry can help."""
        await _again(lambda: self._authorised("DELETE", path))

    async def post(self, path: str, body: msgspec.Struct | None, answer: type[T], *, key: str = "") -> T:
        """Add something under an idempotency key, or where a second time is harmless; repeated while that can help."""
        return self._typed(await _again(lambda: self._authorised("POST", path, body=body, key=key)), answer)

    async def post_quietly(self, path: str) -> None:
        """Have something done that has no answer, where a second time is harmless. Repeated while that can help."""
        await _again(lambda: self._authorised("POST", path))

    async def post_once(self, path: str, body: msgspec.Struct, answer: type[T]) -> T:
        """Add something for which there is no idempotency key. Not repeated by itself."""
        return self._typed(await self._authorised("POST", path, body=body), answer)

    # Bytes

    async def exchange(self, method: str, path: str, headers: Headers, content: bytes = b"") -> httpx2.Response:
        """One request with headers and bytes of its own. Not repeated by itself."""
        return await self._with_token(
            lambda token: self._ask(method, path, token=token, content=content, given=headers)
        )

    async def maybe_bytes(self, path: str) -> bytes | None:
        """What is there, or None for what is not found. Repeated while a retry can help."""
        try:
            return (await _again(lambda: self._authorised("GET", path))).content
        except ApiError as error:
            if error.code == "not_found":
                return None
            raise

    @contextlib.asynccontextmanager
    async def streaming(self, path: str, headers: Headers) -> AsyncIterator[httpx2.Response]:
        """An answer whose bytes are yet to be read, by `pieces`. Not repeated by itself."""
        answer = await self._with_token(lambda token: self._open(path, token, headers))
        try:
            yield answer
        finally:
            await answer.aclose()

    async def pieces(self, answer: httpx2.Response) -> AsyncIterator[bytes]:
        """What follows an answer's head. Raises `Unreachable` where it breaks off."""
        try:
            async for piece in answer.aiter_raw():
                yield piece
        except (httpx2.RequestError, httpx2.StreamError) as error:
            raise Unreachable(f"The answer of {self.url} broke off: {error or type(error).__name__}") from error

    def read(self, answer: httpx2.Response, wanted: type[T]) -> T:
        """What an answer says, typed."""
        return self._typed(answer, wanted)

    async def _open(self, path: str, token: str, headers: Headers) -> httpx2.Response:
        # Nothing compressed: a range is one of the bytes as they are.
        given = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"} | dict(headers)
        try:
            answer = await self._client.send(self._client.build_request("GET", path, headers=given), stream=True)
            if answer.is_success:
                return answer
            try:
                await answer.aread()
            finally:
                await answer.aclose()
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            raise Unreachable(f"No answer from {self.url}: {error or type(error).__name__}") from error
        raise _refusal(answer)

    async def _authorised(
        self,
        method: str,
        path: str,
        parameters: Parameters | None = None,
        body: msgspec.Struct | None = None,
        key: str = "",
    ) -> httpx2.Response:
        return await self._with_token(lambda token: self._ask(method, path, parameters, body, key, token))

    async def _with_token(self, ask: Callable[[str], Awaitable[httpx2.Response]]) -> httpx2.Response:
        if self._access is None or self._renew is None:
            raise RuntimeError("this address needs a session")
        token = await self._access()
        try:
            return await ask(token)
        except ApiError as error:
            if error.code in OVER:
                raise LoggedOut(error.code, error.message) from None
            if error.code not in RENEW:
                raise
        token = await self._renew(token)
        try:
            return await ask(token)
        except ApiError as error:
            if error.code in OVER | RENEW:
                # A token made this moment is not taken either: the server does not know this device.
                raise LoggedOut(error.code, error.message) from None
            raise

    async def _ask(
        self,
        method: str,
        path: str,
        parameters: Parameters | None = None,
        body: msgspec.Struct | None = None,
        key: str = "",
        token: str = "",
        content: bytes | None = None,
        given: Headers | None = None,
    ) -> httpx2.Response:
        headers = {"Accept": "application/json"} | dict(given or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if key:
            headers["Idempotency-Key"] = key
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = msgspec.json.encode(body)
        try:
            written = {name.encode(): value.encode() for name, value in headers.items()}  # a key is UTF-8
            answer = await self._client.request(method, path, params=parameters, content=content, headers=written)
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            raise Unreachable(f"No answer from {self.url}: {error or type(error).__name__}") from error
        if answer.is_success:
            return answer
        raise _refusal(answer)

    @staticmethod
    def _typed(answer: httpx2.Response, wanted: type[T]) -> T:
        try:
            return msgspec.json.decode(answer.content, type=wanted)
        except msgspec.DecodeError as error:
            raise ApiError("bad_answer", f"The server's answer was not understood ({error}).") from None


async def _again(ask: Callable[[], Awaitable[httpx2.Response]]) -> httpx2.Response:
    backoff = Backoff(most=5.0)
    for _ in range(ATTEMPTS - 1):
        try:
            return await ask()
        except ApiError as error:
            if not error.retryable or (error.retry_after or 0.0) > TIMEOUT_SECONDS:
                raise
            await asyncio.sleep(backoff.next(error.retry_after or 0.0))
    return await ask()


def _refusal(answer: httpx2.Response) -> ApiError:
    try:
        return of_problem(msgspec.json.decode(answer.content, type=Problem))
    except msgspec.DecodeError:
        # Something on the way answered in the server's place.
        retryable = answer.status_code >= 500 or answer.status_code == 429
        return ApiError("bad_answer", f"{answer.status_code} from {answer.url.host}", retryable=retryable)


def _server_now(answer: httpx2.Response) -> float | None:
    try:
        return parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return None

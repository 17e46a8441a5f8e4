"""Turns floods away before the framework looks at them: a refusal here costs a few table look-ups and one write.

Most of what it refuses the API would refuse as well (see `admit.py` and `heard.py`). Every request is counted once:
what comes without any token here, what has a handler there, and what has none when it is answered.
"""

import contextlib
import math
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Final

import msgspec

from chinwag.domain.address import network_of
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.admission import Admission, Principal
from chinwag.roles.api.addresses import plain_path
from chinwag.roles.api.admit import COUNTED, token_of
from chinwag.roles.api.app import HEADERS, ApiSettings
from chinwag.roles.api.bodies import Bodies
from chinwag.roles.api.heard import Heard
from chinwag.roles.api.making import PLACE, Making
from chinwag.roles.budgets import Budgets
from chinwag.roles.port.forwarded import Forwarded
from chinwag.roles.port.origin import check_origin, normal_origin, own_origin
from chinwag.roles.port.unread import OWNER, Unread
from chinwag.wire.errors import problem

_Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[_Message]]
Send = Callable[[_Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI 3 application."""

POLLS: Final = frozenset({"/v1/sync", "/v1/events"})


class Doorkeeper:
    """An ASGI application in front of `app`."""

    def __init__(
        self,
        app: Application,
        admission: Admission,
        budgets: Budgets,
        heard: Heard,
        settings: ApiSettings,
        unread: Unread,
    ) -> None:
        """settings: whose X-Forwarded-For is believed, and whose pages may ask; unread: answers that wait."""
        self._app = app
        self._admission = admission
        self._budgets = budgets
        self._heard = heard
        self._unread = unread
        self._making = Making()
        self._bodies = Bodies()
        self._forwarded = Forwarded(settings.trusted_proxies)
        self._origins = frozenset(origin.encode() for origin in settings.origins)
        self._pages = frozenset(map(normal_origin, settings.origins)) | own_origin(settings.public_url)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Refuse, or let the application answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        token = token_of(_header(scope, b"authorization"))
        principal = self._admission.peek(token) if token else None
        try:
            if scope["method"] not in _SAFE:
                self._check_page(scope)
            if principal is not None:
                self._check_known(scope, principal)
            else:
                self._check_stranger(scope, token)
        except Refused as refusal:
            await self._refuse(scope, send, refusal)
            return

        refused = False
        async with contextlib.AsyncExitStack() as place:
            part = receive
            if scope["method"] not in _SAFE and not _is_upload(plain_path(scope["path"])):
                part = place.enter_context(self._bodies.counted(scope[OWNER], receive))
            if scope["method"] in _SAFE and not _waits_for_others(plain_path(scope["path"])):
                try:
                    scope[PLACE] = await place.enter_async_context(self._making.place(scope[OWNER]))
                except Refused as refusal:
                    await self._refuse(scope, send, refusal)
                    return

            async def count_and_send(message: _Message) -> None:
                nonlocal refused
                await place.aclose()  # the answer is made
                if COUNTED not in scope:
                    self._count(scope, principal)
                if message["type"] == "http.response.start" and (late := self._late(scope, message)):
                    refused = True
                    await self._refuse(scope, send, late)
                elif not refused:
                    await send(message)

            await self._app(scope, part, count_and_send)

    def _check_page(self, scope: Any) -> None:
        """Refuse what a page of another site can make its visitor's browser send without anybody's leave."""
        headers = scope["headers"]
        origins = [value for name, value in headers if name == b"origin"]
        if origins:
            check_origin(origins, _header(scope, b"host"), self._pages)
        if _is_upload(plain_path(scope["path"])):
            self._check_upload(headers)
            return
        wanted = _FORM if _is_for_providers(plain_path(scope["path"])) else _JSON
        if _has_body(headers) and _header(scope, b"content-type").partition(";")[0].strip().lower() != wanted:
            raise Refused(Code.BAD_REQUEST, f"the body must be {wanted}, and its Content-Type must say so")

    def _check_upload(self, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """The bytes of a file may be of any type but those that a page sends without asking (WHATWG Fetch, 2.2.2)."""
        kind = next((str(value, "latin-1") for name, value in headers if name == b"content-type"), "")
        if _has_body(headers) and kind.partition(";")[0].strip().lower() in _ASKED_BY_NOBODY:
            raise Refused(Code.BAD_REQUEST, "send a file's bytes as application/octet-stream")

    def _check_known(self, scope: Any, principal: Principal) -> None:
        account, device = principal.account, principal.device
        scope[OWNER] = account
        short = self._budgets.requests.short(account, device)
        short = short or (self._heard.short(principal) if plain_path(scope["path"]) in POLLS else 0.0)
        if short > 0:
            raise Refused(Code.RATE_LIMITED, retry_after=round(short, 3))
        self._unread.check(account)

    def _check_stranger(self, scope: Any, token: str) -> None:
        address = self._forwarded.of(scope)
        scope[OWNER] = network_of(address)
        if not token:
            self._budgets.stranger(address)
            scope[COUNTED] = True
        elif (short := self._budgets.stranger_short(address)) > 0:  # it may be good: whether it is costs a signature
            raise Refused(Code.RATE_LIMITED, retry_after=round(short, 3))
        self._unread.check(scope[OWNER])

    def _late(self, scope: Any, head: _Message) -> Refused | None:
        """Whether so much waits by now that this answer is one too many: hundreds may have been asked for at once, and
        none of them waited yet. What was asked for changed nothing, so it can be refused as well now; a stream, which
        has no length, goes out no faster than it is read."""
        if scope["method"] not in _SAFE or all(name != b"content-length" for name, _ in head["headers"]):
            return None
        try:
            self._unread.check(scope[OWNER])
        except Refused as refusal:
            return refusal
        return None

    def _count(self, scope: Any, principal: Principal | None) -> None:
        """Count what nobody has counted: there is nothing at that address, or not by that method."""
        scope[COUNTED] = True
        if principal is not None:
            self._budgets.requests.wait(principal.account, principal.device)
        else:
            with contextlib.suppress(Refused):
                self._budgets.stranger(self._forwarded.of(scope))

    async def _refuse(self, scope: Any, send: Send, refusal: Refused) -> None:
        document = problem(refusal)
        body = msgspec.json.encode(document)
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            *_SECURITY,
        ]
        if refusal.retry_after is not None:
            headers.append((b"retry-after", str(max(1, math.ceil(refusal.retry_after))).encode()))
        origin = _header(scope, b"origin").encode("latin-1")
        if origin in self._origins:
            headers += [(b"access-control-allow-origin", origin), (b"vary", b"Origin")]
        await send({"type": "http.response.start", "status": document.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


_SECURITY: Final = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
_ASKED_BY_NOBODY: Final = frozenset({"", _FORM, "multipart/form-data", "text/plain"})


def _waits_for_others(path: str) -> bool:
    """Whether an answer is small and may be long in coming, so that its place would be empty and nobody else's: polls
    wait for news, `/v1/openid/{name}/callback` for what a provider says, `/v1/media/{upload}` for what a file is."""
    match path.split("/", 5):
        case ["", "v1", "openid", name, "callback"]:
            return bool(name)
        case ["", "v1", "media", upload]:
            return bool(upload)
    return path in POLLS


def _is_upload(path: str) -> bool:
    """Whether the body of a request there is a file, or a part of one: it is taken on as it comes, and never kept."""
    return path == "/v1/media" or path.startswith("/v1/media/")


def _is_for_providers(path: str) -> bool:
    """Whether a provider's server calls there, by its standard with a form: `/v1/openid/{name}/logout`. A page can make
    its visitor's browser send one; that proves nothing, as only what the provider has signed counts there."""
    match path.split("/", 5):
        case ["", "v1", "openid", name, "logout"]:
            return bool(name)
    return False


def _header(scope: Any, wanted: bytes) -> str:
    """The first header of that name, as the framework takes it; empty if there is none."""
    for name, value in scope["headers"]:
        if name == wanted:
            return str(value, "latin-1")
    return ""


def _has_body(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    return any(name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in headers)

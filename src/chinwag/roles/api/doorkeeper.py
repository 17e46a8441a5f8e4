"""Turns floods away before the framework looks at them: a refusal here costs a few table look-ups and one write.

What it refuses the API would refuse as well (see `admit.py` and `heard.py`): it takes nothing of the budgets of those
whom it knows, so it can be left out. Only what comes without any token is counted here.
"""

import math
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Final

import msgspec

from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.admission import Admission
from chinwag.roles.api.admit import token_of
from chinwag.roles.api.app import HEADERS
from chinwag.roles.api.heard import Heard
from chinwag.roles.budgets import Budgets
from chinwag.roles.port.forwarded import Forwarded
from chinwag.wire.errors import CATALOGUE, problem

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
        trusted_proxies: Sequence[str] = (),
        origins: Sequence[str] = (),
    ) -> None:
        """origins: whose pages may read a refusal; trusted_proxies: whose X-Forwarded-For is believed."""
        self._app = app
        self._admission = admission
        self._budgets = budgets
        self._heard = heard
        self._forwarded = Forwarded(trusted_proxies)
        self._origins = frozenset(origin.encode() for origin in origins)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer 429, or let the application answer."""
        wait = self._wait(scope) if scope["type"] == "http" else 0.0
        if wait > 0:
            await self._refuse(scope, send, wait)
        else:
            await self._app(scope, receive, send)

    def _wait(self, scope: Any) -> float:
        """The seconds that whoever asks has to wait; 0: it need not."""
        token = token_of(_header(scope, b"authorization"))
        principal = self._admission.peek(token) if token else None
        if principal is None:
            address = self._forwarded.of(scope)
            if token:  # it may be good: whether it is costs a signature
                return self._budgets.stranger_short(address)
            try:
                self._budgets.stranger(address)
            except Refused as refused:
                return refused.retry_after or 1.0
            return 0.0
        account, device = principal.account, principal.device
        short = self._budgets.requests.short(account, device)
        return short or (self._heard.short(principal) if scope["path"] in POLLS else 0.0)

    async def _refuse(self, scope: Any, send: Send, wait: float) -> None:
        body = msgspec.json.encode(problem(Refused(Code.RATE_LIMITED, retry_after=round(wait, 3))))
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            (b"retry-after", str(max(1, math.ceil(wait))).encode()),
            *_SECURITY,
        ]
        origin = _header(scope, b"origin").encode("latin-1")
        if origin in self._origins:
            headers += [(b"access-control-allow-origin", origin), (b"vary", b"Origin")]
        await send({"type": "http.response.start", "status": _STATUS, "headers": headers})
        await send({"type": "http.response.body", "body": body})


_SECURITY: Final = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
_STATUS: Final = CATALOGUE[Code.RATE_LIMITED].status


def _header(scope: Any, wanted: bytes) -> str:
    """The first header of that name, as the framework takes it; empty if there is none."""
    for name, value in scope["headers"]:
        if name == wanted:
            return str(value, "latin-1")
    return ""

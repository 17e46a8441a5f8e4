"""Gives browsers the web client, in front of the API, which answers every address that is neither a file nor a page.

Files are public and come from memory, so they do not count against what strangers may ask of the API; they have a
budget of their own for each address.
"""

import math
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from typing import Any, Final

import msgspec

from chinwag.domain.address import network_of
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.budget import Budget
from chinwag.roles.port.forwarded import Forwarded
from chinwag.roles.port.unread import OWNER, Unread
from chinwag.roles.web.policy import FIXED, content_policy, own_authority
from chinwag.roles.web.site import INDEX, File
from chinwag.wire.errors import problem

_Message = MutableMapping[str, Any]
Send = Callable[[_Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI 3 application."""

RATE: Final = Rate(50.0, 1_000)
"""Files that one address may ask for: a first visit takes about twenty."""
KEEP: Final = "public, max-age=31536000, immutable"
ASK: Final = "no-cache"

BELOW: Final = ("/c/", "/files/", "/settings/", "/people/", "/groups/", "/search/")
"""Whatever lies below is one of the app's own addresses."""
EXACT: Final = frozenset({"/", "/people", "/groups", "/search", "/settings", "/join", "/you"})
"""The others."""

NOT_BUILT: Final = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>Chinwag</title>"
    b"<p>This Chinwag server runs, but its web client was not built. In a checkout, <code>make web</code> builds it.\n"
)


class Pages:
    """An ASGI application in front of `app`."""

    def __init__(
        self,
        app: Application,
        site: Mapping[str, File],
        forwarded: Forwarded,
        answers_for: Callable[[], Collection[str]],
        budget: Budget | None = None,
        unread: Unread | None = None,
    ) -> None:
        """answers_for: the authorities of this server (see `policy.authorities`), asked with each file. unread: answers
        that wait to be read."""
        self._app = app
        self._site = site
        self._forwarded = forwarded
        self._answers_for = answers_for
        self._budget = Budget(RATE) if budget is None else budget
        self._unread = Unread() if unread is None else unread

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        """Answer with a file, or let the API answer."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        name = INDEX if _is_page(path) and _navigates(headers) else path
        file = self._site.get(name)
        if file is None or (name == path and path == INDEX):
            if name == INDEX and not self._site:
                await _not_built(scope, send)
            else:
                await self._app(scope, receive, send)
            return
        scope[OWNER] = owner = network_of(self._forwarded.of(scope))
        if (wait := self._budget.wait(owner)) > 0:
            await too_many(scope, send, wait)
            return
        try:
            self._unread.check(owner)
        except Refused as refusal:
            await refuse(scope, send, refusal)
            return
        await self._give(scope, send, file, headers)

    async def _give(self, scope: Any, send: Send, file: File, headers: Mapping[bytes, str]) -> None:
        authority = own_authority(headers.get(b"host", ""), self._answers_for())
        encoding, body = _form(file, headers.get(b"accept-encoding", ""))
        etag = file.etag if not encoding else f'{file.etag[:-1]}-{encoding}"'
        given = [
            ("etag", etag),
            ("vary", "accept-encoding"),
            ("cache-control", KEEP if file.kept else ASK),
            ("content-security-policy", content_policy(authority)),
            *FIXED,
        ]
        if _known(headers.get(b"if-none-match", ""), etag):
            await answer(scope, send, 304, given, None)
            return
        if encoding:
            given.append(("content-encoding", encoding))
        await answer(scope, send, 200, [*given, ("content-type", file.media_type)], body)


def _is_page(path: str) -> bool:
    return path in EXACT or path.startswith(BELOW)


def _navigates(headers: Mapping[bytes, str]) -> bool:
    """Whether a page is wanted: a person goes there, or the app's own service worker names it, to keep it.

    Browsers say in which mode they ask; older ones are known by what they accept.
    """
    mode = headers.get(b"sec-fetch-mode")
    return mode == "navigate" or (mode in {None, "same-origin"} and "text/html" in headers.get(b"accept", ""))


def _form(file: File, accepted: str) -> tuple[str, bytes]:
    """The smallest form of a file that `Accept-Encoding` takes (RFC 9110, 12.5.3)."""
    taken = {}
    for part in accepted.lower().split(","):
        name, _, rest = part.partition(";")
        taken[name.strip()] = rest.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    for name, body in file.encodings:
        if taken.get(name, False):
            return name, body
    return "", file.plain


def _known(if_none_match: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or "*" in tags


async def too_many(scope: Any, send: Send, wait: float) -> None:
    """Answer that this address has asked for too many files; `wait` in seconds."""
    await refuse(scope, send, Refused(Code.RATE_LIMITED, "too many files from this address", round(wait, 3)))


async def refuse(scope: Any, send: Send, refusal: Refused) -> None:
    """Answer with the problem document of a refusal that says when to come again."""
    document = problem(refusal)
    again = str(max(1, math.ceil(refusal.retry_after or 0.0)))
    given = [("content-type", "application/problem+json"), ("retry-after", again), *FIXED]
    await answer(scope, send, document.status, given, msgspec.json.encode(document))


async def _not_built(scope: Any, send: Send) -> None:
    given = [("content-type", "text/html; charset=utf-8"), ("cache-control", "no-store"), *FIXED]
    given.append(("content-security-policy", "default-src 'none'; frame-ancestors 'none'"))
    await answer(scope, send, 404, given, NOT_BUILT)


async def answer(scope: Any, send: Send, status: int, headers: list[tuple[str, str]], body: bytes | None) -> None:
    """Send a whole answer; to HEAD and without a `body` only its head."""
    given = [(name.encode(), value.encode()) for name, value in headers]
    if body is not None:
        given.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": given})
    await send({"type": "http.response.body", "body": b"" if body is None or scope["method"] == "HEAD" else body})

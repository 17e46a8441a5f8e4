"""The refresh token of a browser, in a cookie that no script can read (RFC 6265).

Cookies are shared by all ports of a host, so its name holds a short name of the installation and never the port. It is
sent only to `/v1/sessions`, only by pages of the same site (`SameSite=Strict`), and taken only from pages of the server
itself: `server.origins` may call the API, but hold no cookie of it.
"""

from collections.abc import Sequence
from typing import Any, Final

from litestar import Request

from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.logged_in import LoggedIn
from chinwag.roles.port.forwarded import Forwarded
from chinwag.roles.port.origin import check_origin, own_origin

PATH: Final = "/v1/sessions"
_SECURE_PREFIX: Final = "__Secure-"  # a browser takes such a name over TLS only (RFC 6265bis, 4.1.3)


class SessionCookie:
    """Writes, reads and clears it. installation: see `Tokens.installation`."""

    def __init__(self, installation: str, public_url: str, trusted_proxies: Sequence[str]) -> None:
        """public_url: where clients reach this server, if it has a public address."""
        self._name = f"chinwag_{installation}"
        self._public = public_url.lower().startswith("https://")
        self._own = own_origin(public_url)
        self._forwarded = Forwarded(trusted_proxies)

    def check(self, request: Request[Any, Any, Any]) -> None:
        """Raises `forbidden` for a page of any other origin."""
        origins = [value.encode("latin-1", "replace") for value in request.headers.getall("origin", [])]
        check_origin(origins, request.headers.get("host", ""), self._own)

    def read(self, request: Request[Any, Any, Any]) -> str:
        """The refresh token that it holds. Raises `unauthenticated` if there is none."""
        token = self.held(request)
        if not token:
            raise Refused(Code.UNAUTHENTICATED, "there is no session in the cookie")
        return token

    def held(self, request: Request[Any, Any, Any]) -> str:
        """What the browser brought in it, or nothing. It may be made up: sibling hosts can lay cookies here.

        Nothing as well where two came under the name: one of them was laid by somebody else, and nothing tells which.
        """
        brought = self._brought(request)
        return brought[0] if len(brought) == 1 else ""

    def was_brought(self, request: Request[Any, Any, Any]) -> bool:
        """Whether there is one at all, good or not."""
        return bool(self._brought(request))

    def _brought(self, request: Request[Any, Any, Any]) -> list[str]:
        """Each value under the name, whether in one header or in several (RFC 9113, 8.2.3)."""
        name = self._name_for(request)
        pairs = [pair for header in request.headers.getall("cookie", []) for pair in header.split(";")]
        split = [(key.strip(), value.strip().strip('"')) for key, _, value in (pair.partition("=") for pair in pairs)]
        return [value for key, value in split if key == name]

    def of(self, request: Request[Any, Any, Any], given: LoggedIn, now: int) -> str:
        """The Set-Cookie header that keeps the refresh token for as long as it is good."""
        seconds = max(0, (given.refresh_expires_at - now) // 1000)
        return self._header(request, given.refresh_token, seconds)

    def gone(self, request: Request[Any, Any, Any]) -> str:
        """The Set-Cookie header that takes it away."""
        return self._header(request, "", 0)

    def _name_for(self, request: Request[Any, Any, Any]) -> str:
        """Over TLS the secure name alone counts: anybody on the way of a plain request can lay a cookie of another."""
        return _SECURE_PREFIX + self._name if self._secure(request) else self._name

    def _header(self, request: Request[Any, Any, Any], value: str, seconds: int) -> str:
        secure = self._secure(request)
        return (
            f"{self._name_for(request)}={value}; Path={PATH}; Max-Age={seconds}; HttpOnly; SameSite=Strict"
            + "; Secure" * secure
        )

    def _secure(self, request: Request[Any, Any, Any]) -> bool:
        if self._public or request.url.scheme == "https":
            return True
        peer = request.client.host if request.client else ""
        last = request.headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
        return last == "https" and self._forwarded.trusts(peer)

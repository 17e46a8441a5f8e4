"""Who asks, and from where: the bearer token (RFC 6750) and the address behind trusted proxies."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from chinwag.domain.rate import WEIGHT_SHIFT
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.admission import Admission, Principal
from chinwag.roles.budgets import WRONG_TOKEN, Budgets
from chinwag.roles.port.forwarded import Forwarded
from chinwag.roles.port.unread import OWNER

PUBLIC: Final = {"public": True}
"""A handler's `opt` that lets everybody in; all others ask for a token."""

COUNTED: Final = "chinwag.counted"
"""In a request's scope: it has been counted against a budget."""
WEIGH: Final = "chinwag.weigh"
"""In a request's scope, where somebody known asks: counts the bytes of its body. Raises `rate_limited`."""

Caller = NamedDependency[Principal]
"""The type of a handler's `principal`: who asks."""
Address = NamedDependency[str]
"""The type of a handler's `address`: where the request comes from."""


def token_of(authorization: str) -> str:
    """The bearer token of an Authorization header; empty if it holds none."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def bearer(admission: Admission, budgets: Budgets, trusted_proxies: Sequence[str]) -> Guard:
    """A guard that lets in whom `admission` lets in, and leaves the principal as the connection's user.

    A request counts against its device and account, one with a wrong token, or at a public address, against where it
    comes from.
    """
    forwarded = Forwarded(trusted_proxies)

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        scope: Any = connection.scope
        if handler.opt.get("public"):
            if COUNTED not in scope:  # whatever is shown: a header must not switch a budget off
                budgets.stranger(address_of(forwarded, connection))
                scope[COUNTED] = True
            return
        token = token_of(connection.headers.get("authorization", ""))
        if not token:
            raise Refused(Code.UNAUTHENTICATED)
        try:
            principal = admission.peek(token) or await admission.check(token)
        except Refused as refused:
            if refused.code in WRONG_TOKEN:
                scope[COUNTED] = True
                budgets.stranger(address_of(forwarded, connection))
            raise
        scope[COUNTED] = True
        budgets.requests.take(principal.account, principal.device)
        scope["user"], scope[OWNER] = principal, principal.account

        def weigh(size: int) -> None:
            if more := size >> WEIGHT_SHIFT:
                budgets.requests.take(principal.account, principal.device, more)

        scope[WEIGH] = weigh

    return guard


def principal_of(request: Request[Principal, Any, Any]) -> Principal:
    """The dependency `principal`: who asks."""
    return request.user


def address_by(trusted_proxies: Sequence[str]) -> Callable[[Request[Any, Any, Any]], str]:
    """The dependency `address`: where a request comes from. `trusted_proxies` are addresses or networks.

    The server itself must leave X-Forwarded-For alone.
    """
    forwarded = Forwarded(trusted_proxies)

    def address(request: Request[Any, Any, Any]) -> str:
        return address_of(forwarded, request)

    return address


def address_of(forwarded: Forwarded, connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Where a request comes from."""
    peer = connection.client.host if connection.client else ""
    return forwarded.client(peer, connection.headers.getall("x-forwarded-for", []))

"""Who asks, and from where: the bearer token (RFC 6750) and the address behind trusted proxies."""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from chinwag.domain.refusal import Code, Refused
from chinwag.flow.accounts.admission import Admission, Principal

PUBLIC: Final = {"public": True}
"""A handler's `opt` that lets everybody in; all others ask for a token."""

Asker = NamedDependency[Principal]
"""The type of a handler's `principal`: who asks."""
Address = NamedDependency[str]
"""The type of a handler's `address`: where the request comes from."""

HOPS_MAX: Final = 20
"""Entries of X-Forwarded-For that are looked at."""


def bearer(admission: Admission) -> Guard:
    """A guard that lets in whom `admission` lets in, and leaves the principal as the connection's user."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        if handler.opt.get("public"):
            return
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Refused(Code.UNAUTHENTICATED)
        connection.scope["user"] = admission.peek(token) or await admission.check(token)

    return guard


def principal_of(request: Request[Principal, Any, Any]) -> Principal:
    """The dependency `principal`: who asks."""
    return request.user


def address_by(trusted_proxies: Sequence[str]) -> Callable[[Request[Any, Any, Any]], str]:
    """The dependency `address`: where a request comes from. `trusted_proxies` are addresses or networks.

    X-Forwarded-For is read from its end, as each proxy appends whom it heard; the first address that is no trusted
    proxy's is the client's. What stands before it may be made up. The server itself must leave the header alone.
    """
    networks = [ip_network(proxy, strict=False) for proxy in trusted_proxies]

    def address_of(request: Request[Any, Any, Any]) -> str:
        peer = request.client.host if request.client else ""
        if not networks or not _within(peer, networks):
            return peer
        hops = ",".join(request.headers.getall("x-forwarded-for", [])).split(",")
        for hop in reversed(hops[-HOPS_MAX:]):
            client = hop.strip()
            if not _is_address(client):
                break
            peer = client
            if not _within(client, networks):
                break
        return peer

    return address_of


def _within(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True

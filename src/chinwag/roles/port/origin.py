"""Which web pages may open a socket: browsers say whose page asks, and cannot be made to lie about it (RFC 6454).

Tokens are no cookies, so a foreign page could not act for its visitor anyway; the check keeps such pages from using
visitors' browsers to reach a server that only they can reach, or to flood it from their addresses.
"""

from collections.abc import Collection

from chinwag.domain.refusal import Code, Refused

_PORTS = {"http": ":80", "https": ":443"}


def check_origin(origins: Collection[bytes], host: str, allowed: Collection[str]) -> None:
    """Let in who is no browser (no Origin), the server's own pages, and those of `allowed` origins.

    origins: the values of all Origin headers. host: the Host header. The scheme of the server itself is not compared:
    behind a proxy that ends TLS it does not know its own. Raises `Refused(FORBIDDEN)`.
    """
    if not origins:
        return
    text = b",".join(origins).decode("latin-1").lower()  # two of them match nothing
    scheme, mark, authority = text.partition("://")
    port = _PORTS.get(scheme, "")
    own = host.lower().removesuffix(port)
    if mark and port and own and authority.removesuffix(port) == own:
        return
    if mark and f"{scheme}://{authority.removesuffix(port)}" in allowed:
        return
    raise Refused(Code.FORBIDDEN, "pages of this origin may not connect")


def normal_origin(url: str) -> str:
    """The origin of a URL as `check_origin` compares it: in lower case, without a default port or a path."""
    scheme, _, rest = url.lower().partition("://")
    return f"{scheme}://{rest.split('/')[0].removesuffix(_PORTS.get(scheme, ''))}"


def own_origin(public_url: str) -> frozenset[str]:
    """The origin of a server's public address, if it has one: its Host header may be another behind a proxy."""
    return frozenset([normal_origin(public_url)] if public_url else [])

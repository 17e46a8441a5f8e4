"""Heads of requests that this server and a proxy before it might read differently.

Where one request ends and the next begins must be the same to this server and to every proxy before it: else bytes
that one person sent as a body are read as a request, and its answer goes to whoever uses the proxy's connection next.
"""

from typing import Final

from chinwag.roles.port.handshake import Headers
from chinwag.wire.errors import Code, Refused

_ONCE: Final = frozenset(
    {
        b"authorization",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"expect",
        b"host",
        b"sec-websocket-key",
        b"sec-websocket-version",
        b"transfer-encoding",
    }
)
"""Headers that may stand once: of two, one reader takes the first and another the last."""
_PORTS: Final = {b"http": b":80", b"https": b":443"}


def fault_of(method: bytes, url: bytes, version: str, headers: Headers) -> Refused | None:
    """What is wrong with a head, beyond what httptools finds (RFC 9112, 3.2, 6.1 and 6.3)."""
    names = [name for name, _ in headers]
    if version not in ("1.0", "1.1"):
        return _bad("only HTTP/1.1 and HTTP/1.0 are spoken here")
    if len(set(names)) < len(names):
        for name in _ONCE:
            if names.count(name) > 1:
                return _bad(f"there are two headers {name.decode()}")
    given = dict(headers)
    if b"host" not in given and version == "1.1":
        return _bad("a request has one Host header")
    if (coding := given.get(b"transfer-encoding")) is not None:
        if version == "1.0":
            return _bad("HTTP/1.0 knows no Transfer-Encoding")
        if coding.strip().lower() != b"chunked":
            return _bad("the one Transfer-Encoding that is taken is chunked")
    if not url.startswith(b"/") and not _is_ours(method, url, given.get(b"host", b"")):
        return _bad("the target of a request is a path on this server")
    return None


def _is_ours(method: bytes, url: bytes, host: bytes) -> bool:
    """Whether a target that is no path is the server itself, or a whole address whose host is that of the header: a
    server is to take that form, and to believe it more than the header (RFC 9112, 3.2.2)."""
    if url == b"*":
        return method == b"OPTIONS"
    scheme, mark, rest = url.partition(b"://")
    authority, slash, _ = rest.partition(b"/")
    port = _PORTS.get(scheme.lower(), b"")
    return bool(mark and slash and port and authority) and (
        authority.lower().removesuffix(port) == host.strip().lower().removesuffix(port)
    )


def _bad(detail: str) -> Refused:
    return Refused(Code.BAD_REQUEST, detail)


def plain(method: bytes, url: bytes, version: str, headers: Headers) -> bytes:
    """The same head without a wish for another protocol, as one after which the connection ends."""
    lines = [b"%b %b HTTP/%b" % (method, url, version.encode())]
    lines += (b"%b: %b" % pair for pair in headers if pair[0] not in (b"connection", b"upgrade"))
    return b"\r\n".join(lines) + b"\r\nconnection: close\r\n\r\n"

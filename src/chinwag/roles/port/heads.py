"""Heads of requests that this server and a proxy before it might read differently.

Where one request ends and the next begins must be the same to this server and to every proxy before it: else bytes
that one person sent as a body are read as a request, and its answer goes to whoever uses the proxy's connection next.
"""

from chinwag.roles.port.handshake import Headers
from chinwag.wire.errors import Code, Refused


def fault_of(version: str, headers: Headers) -> Refused | None:
    """What is wrong with a head, beyond what httptools finds (RFC 9112, 3.2 and 6.1)."""
    names = [name for name, _ in headers]
    hosts = names.count(b"host")
    if version not in ("1.0", "1.1"):
        return Refused(Code.BAD_REQUEST, "only HTTP/1.1 and HTTP/1.0 are spoken here")
    if hosts > 1 or (hosts == 0 and version == "1.1"):
        return Refused(Code.BAD_REQUEST, "a request has one Host header")
    if version == "1.0" and b"transfer-encoding" in names:
        return Refused(Code.BAD_REQUEST, "HTTP/1.0 knows no Transfer-Encoding")
    return None


def plain(method: bytes, url: bytes, version: str, headers: Headers) -> bytes:
    """The same head without a wish for another protocol, as one after which the connection ends."""
    lines = [b"%b %b HTTP/%b" % (method, url, version.encode())]
    lines += (b"%b: %b" % pair for pair in headers if pair[0] not in (b"connection", b"upgrade"))
    return b"\r\n".join(lines) + b"\r\nconnection: close\r\n\r\n"

"""The opening handshake of a WebSocket (RFC 6455, 4.2): who asks for one, and whether as it must be asked for."""

import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import Final, TypeAlias

import httptools
import msgspec

from chinwag.roles.port.listener import Address
from chinwag.roles.port.socket import Listener
from chinwag.wire.errors import Code, Refused

SOCKET_PATH: Final = "/v1/socket"
UPGRADE_HEADERS: Final = [(b"upgrade", b"websocket"), (b"sec-websocket-version", b"13")]
"""What an answer of 426 names (RFC 9110, 15.5.22; RFC 6455, 4.4)."""
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3

Headers: TypeAlias = list[tuple[bytes, bytes]]
"""As they came, names in lower case."""


class Upgrade(msgspec.Struct, frozen=True):
    """Who asks for a socket. Header names are in lower case; `remote` is the client's, also behind trusted proxies."""

    path: str
    headers: Headers
    remote: Address
    secure: bool

    def header(self, name: str) -> str | None:
        """The value of the last header of that name (in lower case), or None."""
        values = self.all(name)
        return values[-1].decode("latin-1") if values else None

    def all(self, name: str) -> list[bytes]:
        """The values of all headers of that name (in lower case)."""
        wanted = name.encode()
        return [value for key, value in self.headers if key == wanted]


ListenerFactory: TypeAlias = Callable[[Upgrade], Listener]
"""Makes the listener of a socket to be, or raises `Refused`, which is answered as HTTP knows it."""


def asks_for_socket(headers: Headers) -> bool:
    """Whether a request that asks for another protocol asks for this one, and no other."""
    return [value.strip().lower() for name, value in headers if name == b"upgrade"] == [b"websocket"]


def checked_key(method: bytes, url: bytes, version: str, headers: Headers) -> bytes:
    """The key of a proper opening handshake (RFC 6455, 4.2.1); anything else is `Refused`."""
    given = dict(headers)
    if b"content-length" in given or b"transfer-encoding" in given:
        raise Refused(Code.BAD_REQUEST, "a request for a socket has no body")
    if httptools.parse_url(url).path != SOCKET_PATH.encode():
        raise Refused(Code.NOT_FOUND)
    if method != b"GET":
        raise Refused(Code.METHOD_NOT_ALLOWED)
    if version != "1.1" or given.get(b"sec-websocket-version") != b"13":
        raise Refused(Code.UPGRADE_REQUIRED)
    key = given.get(b"sec-websocket-key", b"")
    try:
        whole = len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        whole = False
    if not whole:
        raise Refused(Code.BAD_REQUEST, "Sec-WebSocket-Key is not 16 bytes in base 64")
    return key


def accepted(key: bytes) -> bytes:
    """The answer to a proper handshake."""
    accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )

"""A WebSocket to a server, which can stall, be cut, and send whatever is wanted as a text frame."""

import asyncio
import socket
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

CONNECT_SECONDS: Final = 60.0
CUT: Final = 1006
"""The close code of a connection that ends without a word (RFC 6455, 7.1.5)."""
NO_CODE: Final = 1005
"""That of one that is closed without a code."""

OnFrame = Callable[[bytes], None]
OnEnd = Callable[[int], None]
"""Takes the close code."""


class Socket(WSListener):
    """One connection. It says nothing by itself, but answers pings."""

    def __init__(self, on_frame: OnFrame, on_end: OnEnd) -> None:
        self._on_frame = on_frame
        self._on_end = on_end
        self._transport: WSTransport | None = None
        self._code = CUT
        self._open = False

    @classmethod
    async def open(cls, url: str, on_frame: OnFrame, on_end: OnEnd, *, receive_buffer: int = 0) -> "Socket":
        """Connect to the server at `url`. receive_buffer: bytes that the kernel holds, to be a slow reader soon.

        `on_end` is called once, unless this raises: OSError, with the answer's first line if there was one.
        """
        self = cls(on_frame, on_end)

        async def connected(_: object) -> socket.socket:
            sock = socket.socket()
            sock.setblocking(False)
            if receive_buffer:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            try:
                await asyncio.get_running_loop().sock_connect(sock, host_and_port(url))
            except BaseException:
                sock.close()
                raise
            return sock

        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await ws_connect(
                    lambda: self,
                    f"{url.replace('http', 'ws', 1)}/v1/socket",
                    socket_factory=connected,
                    enable_auto_pong=True,
                    proxy=None,
                    max_redirects=0,
                    websocket_handshake_timeout=CONNECT_SECONDS,
                )
        except WSError as error:
            raise ConnectionError(str(error)) from error
        if not self._open:
            # The server died during the handshake, which picows takes for its end.
            raise ConnectionError("the handshake was cut")
        return self

    def send(self, payload: bytes) -> None:
        """Send one text frame. On a connection that has ended it goes nowhere."""
        if self._open and self._transport is not None and not self._transport.is_disconnected:
            self._transport.send(WSMsgType.TEXT, payload)

    def stall(self) -> None:
        """Stop taking anything from the network for now."""
        if self._open and self._transport is not None:
            self._transport.underlying_transport.pause_reading()

    def resume(self) -> None:
        """Take from it again."""
        if self._open and self._transport is not None:
            self._transport.underlying_transport.resume_reading()

    def cut(self) -> None:
        """End it at once, without a word."""
        if self._transport is not None:
            self._transport.underlying_transport.abort()

    def on_ws_connected(self, transport: WSTransport) -> None:
        """picows': it is open."""
        self._transport = transport
        self._open = True

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """picows': a frame came. Its bytes are copied, as events are kept."""
        if frame.msg_type == WSMsgType.TEXT:
            self._on_frame(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            self._code = int.from_bytes(frame.get_payload_as_bytes()[:2], "big") or NO_CODE
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """picows': it is gone."""
        if self._open:
            self._open = False
            self._on_end(self._code)


def host_and_port(url: str) -> tuple[str, int]:
    """Where a URL leads."""
    address = urlsplit(url)
    assert address.hostname is not None
    assert address.port is not None
    return address.hostname, address.port

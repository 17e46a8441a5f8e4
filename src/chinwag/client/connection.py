"""One connection: frames out, frames in, and its end. It knows nothing of what they mean."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Final

from picows import WSError, WSFrame, WSInvalidURL, WSListener, WSMsgType, WSTransport, ws_connect

from chinwag.client.address import BadAddress, server_address
from chinwag.client.errors import Unreachable
from chinwag.wire.codec import decode_server, encode
from chinwag.wire.errors import Refused
from chinwag.wire.frames import ClientFrame, ServerFrame

CONNECT_SECONDS: Final = 10.0
MESSAGE_BYTES: Final = 4 << 20
"""The largest message taken: the longest text, escaped, has room three times."""

_log = logging.getLogger(__name__)
# picows reports a lost peer as an error; here that is everyday, and told by `ended`.
_picows_log = logging.getLogger("chinwag.client.picows")
_picows_log.setLevel(logging.CRITICAL)

OnFrame = Callable[["Connection", ServerFrame], None]


class Connection(WSListener):
    """A WebSocket session. `on_frame` gets each frame, on the event loop; `ended` is done when all is over.

    A frame of a type that this version does not know is passed over.
    """

    def __init__(self, on_frame: OnFrame) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._on_frame = on_frame
        self._transport: WSTransport | None = None
        self._fragments = bytearray()
        self.writable = True
        """Whether the way out has room; frames are taken all the same."""
        self.ended: asyncio.Future[None] = loop.create_future()
        self.heard_at = loop.time()
        self.said_at = loop.time()

    @property
    def connected(self) -> bool:
        """Whether there was a handshake."""
        return self._transport is not None

    def send(self, frame: ClientFrame | bytes) -> None:
        """Write a frame (or its JSON). On a connection that has ended it goes nowhere."""
        if self._transport is None or self.ended.done():
            return
        self._transport.send(WSMsgType.TEXT, frame if isinstance(frame, bytes) else encode(frame))
        self.said_at = self._loop.time()

    def close(self) -> None:
        """Say goodbye and end; without the peer's help."""
        if self._transport is not None and not self.ended.done():
            self._transport.send_close()
            self._transport.disconnect()

    # What picows calls

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A WebSocket frame came; a message may be in several."""
        self.heard_at = self._loop.time()
        kind = frame.msg_type
        if kind is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        elif kind in (WSMsgType.TEXT, WSMsgType.CONTINUATION):
            if frame.fin and not self._fragments:
                self._take(frame.get_payload_as_bytes())
                return
            self._fragments += frame.get_payload_as_memoryview()
            if len(self._fragments) > MESSAGE_BYTES:
                transport.disconnect(graceful=False)
            elif frame.fin:
                whole = bytes(self._fragments)
                self._fragments.clear()
                self._take(whole)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """It is over, from whichever side."""
        if not self.ended.done():
            self.ended.set_result(None)

    def pause_writing(self) -> None:
        """The way out is full."""
        self.writable = False

    def resume_writing(self) -> None:
        """The way out has room again."""
        self.writable = True

    def _take(self, payload: bytes) -> None:
        try:
            frame = decode_server(payload)
        except Refused as refusal:
            _log.debug("frame passed over: %s", refusal.detail)
            return
        try:
            self._on_frame(self, frame)
        except Exception:
            _log.exception("a frame could not be taken")
            self.close()


async def connect(url: str, tls: ssl.SSLContext, on_frame: OnFrame) -> Connection:
    """Open a connection to the server at `url` (http or https). Raises `Unreachable`."""
    try:
        address = "ws" + server_address(url).removeprefix("http") + "/v1/socket"
    except BadAddress as error:  # discovery may say anything
        raise Unreachable(str(error)) from None
    listener = Connection(on_frame)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await ws_connect(
                lambda: listener,
                address,
                ssl_context=tls,
                websocket_handshake_timeout=CONNECT_SECONDS,
                max_frame_size=MESSAGE_BYTES,
                max_redirects=0,
                logger_name=_picows_log,
            )
    except (OSError, TimeoutError) as error:
        raise Unreachable(f"Cannot connect to {url}: {error or type(error).__name__}") from error
    except (WSError, WSInvalidURL) as error:
        raise Unreachable(f"No Chinwag socket at {url}: {error}") from error
    if not listener.connected:
        # A line that is cut in the handshake is no error to picows, and it reports no end of it either.
        raise Unreachable(f"The connection to {url} was cut in the handshake")
    return listener

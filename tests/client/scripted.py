"""A server over real sockets that does what a test tells it, also what no good server would do."""

import asyncio
import base64
import hashlib
import struct
from collections.abc import Callable
from typing import Any

import msgspec

from chinwag.wire.codec import decode_client, encode
from chinwag.wire.errors import Code, Refused, problem
from chinwag.wire.frames import ClientFrame, Hello, Limits, Welcome
from chinwag.wire.values import AccountId, ClientId, ConversationId, DeviceId, Message, Text

ME, YOU = AccountId("1"), AccountId("2")
TALK = ConversationId("d~1~2")
_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def message(number: int, text: str = "hi", sender: AccountId = YOU) -> Message:
    """An event of the direct conversation of the two."""
    return Message(
        conversation=TALK,
        number=number,
        ordinal=number,
        sender=sender,
        device=DeviceId("9"),
        id=ClientId(f"m{number}"),
        sent_at=number,
        body=Text(text),
    )


class Peer:
    """The server's end of one socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def take(self, kind: type[msgspec.Struct] | None = None) -> Any:
        """The next frame of the client; with `kind`, the next of that kind. EOFError when it is gone."""
        while True:
            frame = await self._frame()
            if kind is None or isinstance(frame, kind):
                return frame

    async def welcome(self, position: int | None = None, epoch: int = 1, heartbeat: float = 5.0) -> Hello:
        """Take hello and say welcome, at the client's cursor unless told otherwise."""
        hello: Hello = await self.take(Hello)
        if position is None:
            position = int((hello.cursor or "1.0").split(".")[1])
        self.send(
            Welcome(
                session="s",
                account=ME,
                device=DeviceId("9"),
                epoch=epoch,
                position=position,
                heartbeat=heartbeat,
                limits=Limits(99_999, 100, 1 << 21),
            )
        )
        return hello

    def send(self, frame: msgspec.Struct | bytes) -> None:
        """A frame to the client."""
        payload = frame if isinstance(frame, bytes) else encode(frame)
        size = len(payload)
        head = struct.pack("!BB", 0x81, size) if size < 126 else struct.pack("!BBH", 0x81, 126, size)
        self._writer.write(head + payload)

    def event(self, position: int, event: msgspec.Struct | bytes) -> None:
        """An event frame."""
        raw = event if isinstance(event, bytes) else encode(event)
        self.send(b'{"type":"event","position":%d,"event":%b}' % (position, raw))

    def cut(self) -> None:
        """The line goes dead, without a word."""
        self._writer.transport.abort()

    async def gone(self) -> None:
        """Wait until the client has closed."""
        try:
            while True:
                await self._frame()
        except (asyncio.IncompleteReadError, EOFError, OSError):
            self.cut()

    async def _frame(self) -> ClientFrame:
        first, second = await self._reader.readexactly(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", await self._reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await self._reader.readexactly(8))
        mask = await self._reader.readexactly(4)
        payload = await self._reader.readexactly(size)
        if first & 0x0F == 8:
            raise EOFError("the client said goodbye")
        return decode_client(bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)))


Answer = Callable[[bytes, dict[str, str]], tuple[int, msgspec.Struct]]


def _no_discovery(_body: bytes, _headers: dict[str, str]) -> tuple[int, msgspec.Struct]:
    return 404, problem(Refused(Code.NOT_FOUND))


class ScriptedServer:
    """Listens on a loopback port. `routes`: answers to HTTP by "METHOD /path"; `asked` keeps what was asked;
    of sockets, the first `cut_handshakes` are cut before they are open."""

    def __init__(self) -> None:
        self.routes: dict[str, Answer] = {"GET /v1/gateways": _no_discovery}
        self.asked: list[str] = []
        self.url = ""
        self.cut_handshakes = 0
        self._peers: asyncio.Queue[Peer] = asyncio.Queue()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "ScriptedServer":
        await self.listen(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def listen(self, port: int) -> None:
        """Take connections."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Close everything at once."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def peer(self) -> Peer:
        """The next socket that a client opens."""
        async with asyncio.timeout(60):
            return await self._peers.get()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                lines = head.split("\r\n")
                method, target, _ = lines[0].split(" ")
                pairs = (line.split(": ", 1) for line in lines[1:] if line)
                headers = {name.lower(): value for name, value in pairs}
                if headers.get("upgrade") == "websocket":
                    if self.cut_handshakes:
                        self.cut_handshakes -= 1
                        writer.transport.abort()
                        return
                    key = hashlib.sha1((headers["sec-websocket-key"] + _MAGIC).encode()).digest()
                    writer.write(
                        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        b"Sec-WebSocket-Accept: " + base64.b64encode(key) + b"\r\n\r\n"
                    )
                    self._peers.put_nowait(Peer(reader, writer))
                    return
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                route = f"{method} {target.partition('?')[0]}"
                self.asked.append(route)
                status, answer = self.routes[route](body, headers)
                content = encode(answer)
                writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(content)) + content)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if reader.at_eof():
                writer.close()

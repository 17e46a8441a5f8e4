"""A real port for tests, and a client of plain asyncio streams: it can break the protocol where a library would not."""

import asyncio
import base64
import hashlib
import os
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Litestar, Request, get, post
from litestar.params import JSONBody

from chinwag.roles.port.handshake import Upgrade
from chinwag.roles.port.one_port import OnePort
from chinwag.roles.port.socket import Socket

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
KEY = base64.b64encode(bytes(range(16))).decode()
MIB = 1 << 20


class Peer:
    """A listener that notes what it is told, and echoes texts unless asked for something else."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[object] = asyncio.Queue()
        self.socket: Socket
        self.answer: Callable[[Socket, bytes], None] = Socket.send
        self.closed_times = 0
        self.pauses = 0
        self.others = 0
        self.most_others = 1 << 30

    def opened(self, socket: Socket) -> None:
        self.socket = socket
        self.told.put_nowait("opened")

    def text(self, payload: bytes) -> None:
        self.told.put_nowait(payload)
        self.answer(self.socket, payload)

    def other(self) -> bool:
        self.others += 1
        return self.others <= self.most_others

    def paused(self) -> None:
        self.pauses += 1
        self.told.put_nowait("paused")

    def resumed(self) -> None:
        self.told.put_nowait("resumed")

    def closed(self) -> None:
        self.closed_times += 1
        self.told.put_nowait("closed")

    async def until(self, wanted: object) -> None:
        while await self.told.get() != wanted:
            pass


@get("/hi", sync_to_thread=False)
def hi() -> dict[str, str]:
    return {"say": "hi"}


@post("/long", sync_to_thread=False)
def long(data: JSONBody[dict[str, str]]) -> int:
    return len(data["text"])


@post("/size")
async def size(request: Request[Any, Any, Any]) -> int:
    return len(await request.body())


@post("/told")
async def told(request: Request[Any, Any, Any]) -> list[str]:
    await request.body()
    return [name for name, _ in request.headers.multi_items()]


class House:
    """A running port with what came of its upgrades."""

    def __init__(self, **options: object) -> None:
        self.peers: list[Peer] = []
        self.requests: list[Upgrade] = []
        self.asked: list[str] = []
        """Every request that reached the application."""
        self.refuse_with: Exception | None = None
        self.came = asyncio.Condition()
        self.hold = asyncio.Event()
        self.held = asyncio.Event()

        @get("/slow")
        async def slow() -> str:
            self.held.set()
            await self.hold.wait()
            return "done"

        app = self.application = Litestar([hi, long, size, told, slow])

        async def noted(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                self.asked.append(f"{scope['method']} {scope['path']}")
            await app(scope, receive, send)

        self.app = noted
        self.port = OnePort(noted, self.listener, host="127.0.0.1", port=0, **options)  # type: ignore[arg-type]

    def listener(self, request: Upgrade) -> Peer:
        self.requests.append(request)
        if self.refuse_with is not None:
            raise self.refuse_with
        self.peers.append(Peer())
        return self.peers[-1]

    async def connect(self, context: ssl.SSLContext | None = None) -> "Client":
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port.port, ssl=context, limit=8 * MIB)
        return Client(reader, writer)

    async def socket(self, first: bytes = b"", context: ssl.SSLContext | None = None) -> tuple["Client", Peer]:
        client = await self.connect(context)
        client.write(client.upgrade() + first)
        status, headers, _ = await client.response()
        assert status == 101
        expected = hashlib.sha1(KEY.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        assert headers["sec-websocket-accept"] == base64.b64encode(expected).decode()
        assert headers["upgrade"] == "websocket"
        assert "sec-websocket-extensions" not in headers
        return client, self.peers[-1]


class Client:
    """A WebSocket client that does exactly what it is told, right or wrong."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    @staticmethod
    def upgrade(path: str = "/v1/socket", method: str = "GET", **headers: str | None) -> bytes:
        given: dict[str, str | None] = {
            "Host": "localhost",
            "Connection": "keep-alive, Upgrade",  # as Firefox writes it
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": KEY,
            "Sec-WebSocket-Extensions": "permessage-deflate",
            "Origin": "https://chat.example",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value is not None)
        return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode()

    async def response(self) -> tuple[int, dict[str, str], bytes]:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {line.split(": ", 1)[0].lower(): line.split(": ", 1)[1] for line in head[1:-2]}
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return int(head[0].split()[1]), headers, body

    async def get(self, path: str) -> tuple[int, dict[str, str], bytes]:
        self.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return await self.response()

    @staticmethod
    def frame(opcode: int, payload: bytes, *, fin: bool = True, masked: bool = True, rsv: int = 0) -> bytes:
        bit = 0x80 if masked else 0
        size = len(payload)
        first = bytes((opcode | (0x80 if fin else 0) | rsv,))
        if size < 126:
            head = first + bytes((size | bit,))
        elif size < 1 << 16:
            head = first + bytes((126 | bit,)) + size.to_bytes(2, "big")
        else:
            head = first + bytes((127 | bit,)) + size.to_bytes(8, "big")
        if not masked:
            return head + payload
        mask = os.urandom(4)
        key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
        return head + mask + (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")

    def send(self, opcode: int, payload: bytes = b"", **options: bool | int) -> None:
        self.write(self.frame(opcode, payload, **options))  # type: ignore[arg-type]

    async def read(self) -> tuple[int, bytes]:
        first, second = await self.reader.readexactly(2)
        assert first & 0x80, "the server does not fragment"
        assert not first & 0x70, "no extension was agreed on"
        assert not second & 0x80, "a server does not mask"
        size = second
        if size == 126:
            size = int.from_bytes(await self.reader.readexactly(2), "big")
            assert size > 125
        elif size == 127:
            size = int.from_bytes(await self.reader.readexactly(8), "big")
            assert size > 65535
        return first & 15, await self.reader.readexactly(size)

    async def close_code(self) -> int:
        """Read up to the close frame, then the end of the stream."""
        opcode, payload = await self.read()
        while opcode != CLOSE:
            opcode, payload = await self.read()
        assert await self.reader.read(1) == b""
        self.writer.close()
        return int.from_bytes(payload[:2], "big")


Start = Callable[..., Awaitable[House]]
"""Starts a house with the options of its port."""

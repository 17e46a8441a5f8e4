"""The floor under the bench: the sockets, the JSON and the durable writes of a chat server, and no chat.

It speaks the hot part of protocol 1 (hello, send, ack, event, ping), so one load generator drives it and Chinwag
alike. Left out is what makes a chat server: accounts, rights, limits, retries, ordering rules, catch-up, presence.
An ack follows the sync of the message and of one reference for each recipient's inbox.

    python bench/floor.py PORT FOLDER [--no-sync]

The token in `hello` is an account number in decimal digits, `to` in `send` is another; `conversation` reaches
every socket that is open. FOLDER is emptied first.
"""

import asyncio
import gc
import os
import shutil
import struct
import sys

import msgspec
import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server
from rocksdict import Options, Rdict, WriteBatch, WriteOptions

HOST = "127.0.0.1"
TEXT = WSMsgType.TEXT


class Hello(msgspec.Struct, tag="hello"):
    token: str


class Ping(msgspec.Struct, tag="ping"):
    pass


class Body(msgspec.Struct, tag="text"):
    text: str


class Send(msgspec.Struct, tag="send"):
    id: str
    body: Body
    to: str = ""
    conversation: str = ""


class Placed(msgspec.Struct, gc=False):
    """A message that waits for its sync: who gets it, and at which position of their inboxes."""

    connection: "Connection"
    id: str
    number: int
    event: bytes
    inboxes: list[tuple[int, int]]


frame_of = msgspec.json.Decoder(Hello | Send | Ping).decode
to_json = msgspec.json.Encoder().encode
row_key = struct.Struct(">QQ").pack


class Connection(WSListener):
    """One socket."""

    __slots__ = ("account", "floor", "transport")

    def __init__(self, floor: "Floor") -> None:
        self.floor = floor
        self.account = -1
        self.transport: WSTransport

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != TEXT:
            return
        message = frame_of(frame.get_payload_as_memoryview())
        kind = type(message)
        if kind is Send:
            self.floor.place(self, message)
        elif kind is Ping:
            transport.send(TEXT, b'{"type":"pong"}')
        else:
            self.account = int(message.token)
            self.floor.connections[self.account] = self
            transport.send(TEXT, b'{"type":"welcome"}')

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if self.floor.connections.get(self.account) is self:
            del self.floor.connections[self.account]


class Floor:
    """Numbers messages, syncs them in batches, and passes them on."""

    def __init__(self, store: Rdict, synced: bool) -> None:
        self.connections: dict[int, Connection] = {}
        self._store = store
        self._options = WriteOptions()
        self._options.sync = synced
        self._numbers: dict[tuple[int, int], int] = {}
        self._positions: dict[int, int] = {}
        self._waiting: list[Placed] = []
        self._syncing: asyncio.Task[None] | None = None

    def place(self, connection: Connection, send: Send) -> None:
        """Give a message its number and its positions; it waits for the next sync."""
        if send.conversation:
            pair, audience = (0, 0), list(self.connections)
        else:
            mine, other = connection.account, int(send.to)
            pair, audience = ((mine, other) if mine < other else (other, mine)), [mine, other]
        number = self._numbers[pair] = self._numbers.get(pair, 0) + 1
        positions, inboxes = self._positions, []
        for account in audience:
            position = positions[account] = positions.get(account, 0) + 1
            inboxes.append((account, position))
        event = to_json(
            {"conversation": f"{pair[0]}-{pair[1]}", "number": number, "from": connection.account, "body": send.body}
        )
        self._waiting.append(Placed(connection, send.id, number, event, inboxes))
        if self._syncing is None:
            self._syncing = asyncio.get_running_loop().create_task(self._sync())

    async def _sync(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            await loop.run_in_executor(None, self._write, batch)
            for placed in batch:
                self._tell(placed)
        self._syncing = None

    def _write(self, batch: list[Placed]) -> None:
        rows = WriteBatch(raw_mode=True)
        put = rows.put
        for placed in batch:
            name = row_key(placed.connection.account, placed.number)
            put(b"e" + name, placed.event)
            for account, position in placed.inboxes:
                put(b"i" + row_key(account, position), name)
        self._store.write(rows, self._options)

    def _tell(self, placed: Placed) -> None:
        sender, event, connections = placed.connection, placed.event, self.connections
        sender.transport.send(TEXT, b'{"type":"ack","id":"%b","number":%d}' % (placed.id.encode(), placed.number))
        for account, position in placed.inboxes:
            reader = connections.get(account)
            if reader is not None and reader is not sender:
                reader.transport.send(TEXT, b'{"type":"event","position":%d,"event":%b}' % (position, event))


async def serve(port: int, store: Rdict, synced: bool) -> None:
    """Run until killed."""
    floor = Floor(store, synced)
    server = await ws_create_server(
        lambda _: Connection(floor), HOST, port, enable_auto_ping=False, read_buffer_init_size=2048, backlog=4096
    )
    gc.collect()
    gc.freeze()
    print("ready", os.getpid(), flush=True)
    await server.serve_forever()


def main() -> None:
    port, folder = int(sys.argv[1]), sys.argv[2]
    shutil.rmtree(folder, ignore_errors=True)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(64 << 20)
    uvloop.run(serve(port, Rdict(folder, options), "--no-sync" not in sys.argv))


if __name__ == "__main__":
    main()

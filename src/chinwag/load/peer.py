"""One device at the other end: a socket, what comes in over it, and what is wrong with that.

Written to cost little, as what the generator spends is not there for the server: frames are decoded once, into
structs that know only what is checked.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, Union, get_args

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from chinwag.wire import frames as wire
from chinwag.wire.frames import Bye, Error, Event, Reset, ServerFrame

TEXT_CHARACTERS: Final = 100
"""Characters of each text: what a short message has."""
FAULTS_KEPT: Final = 20
CONNECTING: Final = 64
"""Sockets that are opened at a time."""

_PADDING: Final = (
    "Lorem ipsum dolor sit amet, consetetur sadipscing elitr, sed diam nonumy eirmod tempor invidunt ut labore."
)


class Login(msgspec.Struct, frozen=True):
    """Who a peer is. cursor: where its device stopped, None to begin at the inbox's head."""

    account: str
    token: str
    cursor: str | None = None


class Welcome(msgspec.Struct, tag="welcome"):
    """The session is on. Beside the protocol's own, as the floor says less here, and in an ack."""

    position: int | None = None
    epoch: int = 0


class Ack(msgspec.Struct, tag="ack"):
    """The send `id` is stored."""

    id: str
    number: int


class Text(msgspec.Struct):
    """What a message says."""

    text: str = ""


class Item(msgspec.Struct):
    """What is checked of an event. The floor's have no kind and are messages."""

    sender: str | int = msgspec.field(name="from", default="")
    kind: str = "message"
    conversation: str = ""
    number: int = 0
    body: Text | None = None


_KINDS: Final = (Welcome, Ack, *(kind for kind in get_args(ServerFrame) if kind not in (wire.Welcome, wire.Ack)))
decode_frame: Final[Callable[[bytes | memoryview], Any]] = msgspec.json.Decoder(Union[_KINDS]).decode  # noqa: UP007
decode_item: Final = msgspec.json.Decoder(Item).decode

_PING: Final = b'{"type":"ping"}'


def text_of(name: str, number: int) -> str:
    """The text that message `number` of `name` must have: `TEXT_CHARACTERS` of it, no two alike."""
    return f"{name} {number} {_PADDING}"[:TEXT_CHARACTERS]


class Faults:
    """What went wrong. A run with faults has no figure."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[str] = []

    def add(self, fault: str) -> None:
        """Note one."""
        self.count += 1
        if len(self.first) < FAULTS_KEPT:
            self.first.append(fault)


class Peer(WSListener):
    """A device. A work makes a subclass that says what to do with acks and events."""

    def __init__(self, login: Login, faults: Faults) -> None:
        self.login = login
        self.account = login.account
        self.faults = faults
        self.position = 0
        self.dense = False
        self.welcomed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ending = False
        self.transport: WSTransport

    def acked(self, ack: Ack) -> None:
        """An answer to a send."""

    def event(self, event: Event) -> None:
        """Something happened."""

    def refused(self, error: Error) -> None:
        """A send was refused, or anything else."""
        self.wrong(f"was told {error}")

    def send(self, frame: bytes) -> None:
        """Write one frame."""
        self.transport.send(WSMsgType.TEXT, frame)

    def beat(self) -> None:
        """Say that this device is there."""
        self.transport.send(WSMsgType.TEXT, _PING)

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Say who this is."""
        self.transport = transport
        hello = {"type": "hello", "token": self.login.token, "client": "chinwag-bench"}
        if self.login.cursor is not None:
            hello["cursor"] = self.login.cursor
        self.send(msgspec.json.encode(hello))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Tell what came in to whom it concerns."""
        if frame.msg_type != WSMsgType.TEXT:
            if frame.msg_type == WSMsgType.CLOSE:
                transport.disconnect()
            return
        message = decode_frame(frame.get_payload_as_memoryview())
        kind = type(message)
        if kind is Event:
            self.event(message)
        elif kind is Ack:
            self.acked(message)
        elif kind is Welcome:
            self.dense = message.position is not None
            self.position = message.position or 0
            if not self.welcomed.done():
                self.welcomed.set_result(None)
        elif kind is Error:
            self.refused(message)
        elif kind is Bye or kind is Reset:
            self.wrong(f"was told {message}")

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The server should never do that."""
        if not self.ending:
            self.wrong("was disconnected")
        if not self.welcomed.done():
            self.welcomed.set_exception(ConnectionError("no welcome"))

    def placed(self, position: int) -> None:
        """Check that the inbox has no hole. A server whose welcome names no position is not held to that."""
        if position != self.position + 1 and self.dense:
            self.wrong(f"got position {position} after {self.position}")
        self.position = position

    def wrong(self, what: str) -> None:
        """Note a fault of the server's."""
        self.faults.add(f"{self.account} {what}")

    def end(self) -> None:
        """Go."""
        self.ending = True
        self.transport.disconnect(graceful=False)


async def connect(url: str, peers: Sequence[Peer], arrived: Callable[[Peer], None] = lambda _: None) -> None:
    """Open the sockets of all peers, `CONNECTING` at a time, and wait for each welcome. arrived: told of each."""
    waiting = iter(peers)

    async def some() -> None:
        for peer in waiting:
            await connect_one(url, peer)
            arrived(peer)

    await asyncio.gather(*(some() for _ in range(min(CONNECTING, len(peers)))))


async def connect_one(url: str, peer: Peer) -> None:
    """Open one socket and wait for its welcome."""
    async with asyncio.timeout(30):
        await ws_connect(lambda: peer, url, enable_auto_pong=True, read_buffer_init_size=4096, proxy=None)
        await peer.welcomed


async def beat_for_ever(peers: Sequence[Peer], every: float = 5.0, steps: int = 50) -> None:
    """Heartbeats of all peers, spread evenly over `every` seconds."""
    loop = asyncio.get_running_loop()
    step, due = 0, loop.time()
    while True:
        for peer in peers[step % steps :: steps]:
            if not peer.ending:
                peer.beat()
        step += 1
        due += every / steps
        await asyncio.sleep(max(0.0, due - loop.time()))


async def until(done: Callable[[], bool], seconds: float) -> bool:
    """Wait until `done`, for at most `seconds`; whether it came true."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not done():
        if loop.time() > deadline:
            return False
        await asyncio.sleep(0.01)
    return True

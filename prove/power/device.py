"""A device under load: over one socket at a time it sends in several conversations, with many messages in flight."""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from chinwag.load.peer import text_of
from chinwag.wire.codec import decode_server, encode
from chinwag.wire.frames import Ack, Bye, ClientFrame, Error, Event, Hello, Read, Reset, Send, Welcome
from chinwag.wire.values import ClientId, ConversationId, Text
from prove.power.ledger import Ledger, Sent
from prove.protocol.socket import Socket

IN_FLIGHT: Final = 16
"""Messages of a device that wait for their ack, over all of its conversations."""
READ_EVERY: Final = 8
"""Of how many messages one is said to be read."""
START_SECONDS: Final = 60


class _Shown(msgspec.Struct):
    """What is looked at of an event."""

    kind: str
    conversation: str = ""
    number: int = 0
    id: str = ""
    account: str = ""


_decode = msgspec.json.Decoder(_Shown).decode


class Device:
    """One device, over all runs of the server."""

    def __init__(self, ledger: Ledger, account: str, device: str, token: str) -> None:
        self.account = account
        self.id = device
        self.token = token
        self.conversations: Sequence[str] = ()
        self.flying: dict[str, list[str]] = {}
        """Messages without an ack, in the order in which they were sent, by conversation."""
        self.resets = 0
        self._ledger = ledger
        self._turn = 0
        self._epoch = 0
        self._position: int | None = None
        self._sending = False
        self._again: dict[str, asyncio.Future[int]] = {}
        self._welcomed: asyncio.Future[None]
        self._gone: asyncio.Future[None]
        self._socket: Socket

    async def connect(self, url: str) -> None:
        """Open a socket, go on after the last event seen, and send again what has no ack. Sends nothing new."""
        loop = asyncio.get_running_loop()
        self._welcomed, self._gone = loop.create_future(), loop.create_future()
        cursor = None if self._position is None else f"{self._epoch}.{self._position}"
        async with asyncio.timeout(START_SECONDS):
            self._socket = await Socket.open(url, self._take, self._ended)
            self._say(Hello(token=self.token, client="power", cursor=cursor))
            await self._welcomed
        for conversation, names in self.flying.items():
            before: str | None = None
            for name in names:
                self._write(name, conversation, before)
                before = name

    def begin(self) -> None:
        """Send, and go on sending as answers come."""
        self._sending = True
        self.go_on()

    def go_on(self) -> None:
        """Send as much as may be under way."""
        while self._sending and self._ledger.sends_left > 0 and sum(map(len, self.flying.values())) < IN_FLIGHT:
            self._ledger.sends_left -= 1
            self._turn += 1
            conversation = self.conversations[self._turn % len(self.conversations)]
            name = f"{self.id}-{self._turn}"
            flying = self.flying.setdefault(conversation, [])
            self._ledger.sent[name] = Sent(self.id, conversation, self._turn, text_of(name, self._turn))
            self._write(name, conversation, flying[-1] if flying else None)
            flying.append(name)

    async def ended(self) -> None:
        """Wait until the socket is gone."""
        self._sending = False
        async with asyncio.timeout(START_SECONDS):
            await self._gone

    def leave(self) -> None:
        """Close the socket."""
        self._sending = False
        self._socket.cut()

    async def again(self, name: str) -> int:
        """Send once more what was acked before; the number that it is acked as now."""
        sent = self._ledger.sent[name]
        self._again[name] = asyncio.get_running_loop().create_future()
        self._write(name, sent.conversation, None)
        async with asyncio.timeout(START_SECONDS):
            return await self._again[name]

    def _write(self, name: str, conversation: str, after: str | None) -> None:
        text = Text(self._ledger.sent[name].text)
        before = None if after is None else ClientId(after)
        self._say(Send(ClientId(name), text, ConversationId(conversation), after=before))

    def _say(self, frame: ClientFrame) -> None:
        self._socket.send(encode(frame))

    # What comes in

    def _ended(self, _: int) -> None:
        """The power is cut, or this device left."""
        if not self._welcomed.done():
            self._welcomed.set_exception(ConnectionError(f"{self.id} was not welcome"))
        if not self._gone.done():
            self._gone.set_result(None)

    def _take(self, payload: bytes) -> None:
        frame = decode_server(payload)
        match frame:
            case Ack():
                self._acked(frame)
            case Event():
                self._event(frame)
            case Welcome():
                if self._position is not None and (frame.epoch, frame.position) != (self._epoch, self._position):
                    self._fault(f"left at {self._epoch}.{self._position}, goes on at {frame.epoch}.{frame.position}")
                self._epoch, self._position = frame.epoch, frame.position
                if not self._welcomed.done():
                    self._welcomed.set_result(None)
            case Reset():
                self.resets += 1
                self._fault(f"was told to load afresh: {frame.cause}")
            case Error() | Bye():
                self._fault(f"was told {frame}")

    def _acked(self, ack: Ack) -> None:
        waiting = self._again.pop(ack.id, None)
        if waiting is not None:
            waiting.set_result(ack.number)
            return
        flying = self.flying[self._ledger.sent[ack.id].conversation]
        if ack.id in flying:
            flying.remove(ack.id)
        self._ledger.ack(ack.id, ack.number)
        self.go_on()

    def _event(self, event: Event) -> None:
        if self._position is not None and event.position != self._position + 1:
            self._fault(f"got position {event.position} after {self._position}")
        self._position = event.position
        shown = _decode(event.event)
        if shown.kind in ("message", "notice"):
            self._ledger.show(shown.conversation, shown.number, shown.id)
            if shown.number % READ_EVERY == 0 and self._sending:
                self._say(Read(ConversationId(shown.conversation), shown.number))
        elif shown.kind == "read" and shown.account == self.account:
            self._ledger.mark(self.account, shown.conversation, shown.number)

    def _fault(self, what: str) -> None:
        self._ledger.faults.append(f"device {self.id} {what}")

"""The Bus on core NATS: what one turn of the loop publishes on a subject goes as one message."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
import structlog
from nats.aio.msg import Msg

from chinwag.adapters.nats.connection import NatsConnection
from chinwag.adapters.plain_token import token
from chinwag.ports.bus import Bus, Publication, Subject, Tell

MESSAGE_BYTES: Final = 256 << 10
"""About how long a message may get before the next publication begins another."""
TOLD: Final = 4_000
"""Accounts in one `Tell`; more are told in several, so that no message outgrows what NATS takes."""

_log = structlog.get_logger(__name__)


class NatsBus(Bus):
    """The Bus of one process. Made on the event loop on which handlers run."""

    def __init__(self, connection: NatsConnection) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._turn: dict[Subject, list[msgspec.Raw]] = {}
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode: Callable[[bytes], list[Publication]] = msgspec.msgpack.Decoder(list[Publication]).decode
        self._decode_one: Callable[[msgspec.Raw], Publication] = msgspec.msgpack.Decoder(Publication).decode
        self._decode_each = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode

    def publish(self, subject: Subject, publication: Publication) -> None:
        waiting = self._turn.get(subject)
        if waiting is None:
            _name(subject)  # a wrong one is the caller's mistake, and is told here
            if not self._turn:
                self._loop.call_soon(self._send)
            waiting = self._turn[subject] = []
        if type(publication) is Tell and len(publication.to) > TOLD:
            waiting.extend(msgspec.Raw(self._encode(part)) for part in _parts(publication))
        else:
            waiting.append(msgspec.Raw(self._encode(publication)))

    def subscribe(self, subject: Subject, handler: Callable[[Publication], None]) -> Callable[[], None]:
        if self._turn:
            self._send()  # what was published before is not for this subscriber

        live = True

        def take(message: Msg) -> None:
            for publication in self._publications(message.data):
                if not live:
                    return
                try:
                    handler(publication)
                except Exception:
                    _log.exception("a publication could not be taken", publication=type(publication).__name__)

        end = self._connection.subscribe(_name(subject), take)

        def stop() -> None:
            nonlocal live
            live = False
            end()

        return stop

    def on_interruption(self, handler: Callable[[], None]) -> None:
        self._connection.on_interruption(handler)

    def _send(self) -> None:
        turn, self._turn = self._turn, {}
        for subject, waiting in turn.items():
            message: list[msgspec.Raw] = []
            size = 0
            for each in waiting:
                length = memoryview(each).nbytes
                if message and size + length > MESSAGE_BYTES:
                    self._connection.publish(_name(subject), self._encode(message))
                    message, size = [], 0
                message.append(each)
                size += length
            self._connection.publish(_name(subject), self._encode(message))

    def _publications(self, message: bytes) -> list[Publication]:
        try:
            return self._decode(message)
        except msgspec.DecodeError:
            return list(self._readable(message))  # something in it may be of a newer version: the rest is taken

    def _readable(self, message: bytes) -> Iterator[Publication]:
        try:
            each_of = self._decode_each(message)
        except msgspec.DecodeError:
            _log.warning("a message could not be read", length=len(message))
            return
        for each in each_of:
            try:
                publication = self._decode_one(each)
            except msgspec.DecodeError:
                _log.warning("a publication could not be read", length=memoryview(each).nbytes)
            else:
                yield publication


def _name(subject: Subject) -> str:
    return "bus." + ".".join(token(part) for part in subject.split("."))


def _parts(tell: Tell) -> Iterator[Tell]:
    for first in range(0, len(tell.to), TOLD):
        yield Tell(tell.to[first : first + TOLD], tell.signal, tell.but)

"""Who a socket speaks with: the listener that is told what happens to it, and the house that it is one of many in.

Both are told of sockets of some type, which is `Socket` (`socket.py`): it knows them, and they need not know it.
"""

import asyncio
from typing import Protocol, TypeAlias, TypeVar

import msgspec

SocketT = TypeVar("SocketT", contravariant=True)

Address: TypeAlias = tuple[str, int]
"""Host and port of a peer."""


def address_of(transport: asyncio.Transport, end: str) -> Address | None:
    """Host and port of one end, None for a socket of the file system."""
    address = transport.get_extra_info(end)
    return (str(address[0]), int(address[1])) if isinstance(address, tuple) else None


class SocketLimits(msgspec.Struct, frozen=True):
    """What each socket may take up. Sizes in bytes, times in seconds."""

    message: int = 2 << 20
    """The longest message, joined of its fragments, and the longest frame; a longer one closes with 1009."""
    early: int | None = None
    """What a socket may bring in all before its listener calls `admitted`; None: that is not needed."""
    high_water: int = 64 << 10
    """`ListenerTo.paused` comes when more than this waits to be written."""
    low_water: int = 16 << 10
    """`ListenerTo.resumed` comes when this or less waits."""
    linger: float = 5.0
    """How long a closed socket may take to go before it is aborted."""


class ListenerTo(Protocol[SocketT]):
    """Who is told what happens to a socket. All calls come from the event loop and must return soon.

    `opened` comes first and `closed` last, each exactly once. An exception out of any of them is logged and closes
    the socket with 1011.
    """

    def opened(self, socket: SocketT) -> None:
        """The handshake is done: `socket` may be written to."""
        ...

    def text(self, payload: bytes) -> None:
        """One whole text message, its fragments joined. Whether it is UTF-8 is for the reader to check."""
        ...

    def other(self) -> bool:
        """A frame that is no message: a ping, a pong, a part of a message. False: one too many, it is dropped."""
        ...

    def paused(self) -> None:
        """The peer reads too slowly: more than `high_water` bytes wait. May come from within a `send`."""
        ...

    def resumed(self) -> None:
        """The peer has caught up: `low_water` bytes or less wait."""
        ...

    def closed(self) -> None:
        """The connection is gone, whoever ended it. Nothing comes after this."""
        ...


class HouseOf(Protocol[SocketT]):
    """What all sockets of a port share, as one of them knows it."""

    @property
    def limits(self) -> SocketLimits:
        """What each may take up."""
        ...

    def report(self, failure: BaseException, /) -> None:
        """A listener has failed."""
        ...

    def add(self, socket: SocketT) -> None:
        """Count `socket`."""
        ...

    def lost(self, socket: SocketT) -> None:
        """Stop counting `socket`."""
        ...

    def waits(self, socket: SocketT, size: int) -> bool:
        """So many bytes wait to be read from `socket`; whether that is within the bounds of its owner, and of all."""
        ...

    def linger(self, socket: SocketT) -> None:
        """Cut `socket` after the linger time, should it still be there."""
        ...


class Silent:
    """The listener of a socket that is gone. It takes the place of the real one, so that no cycle keeps that alive."""

    def opened(self, socket: object) -> None: ...
    def text(self, payload: bytes) -> None: ...
    def other(self) -> bool:
        return False

    def paused(self) -> None: ...
    def resumed(self) -> None: ...
    def closed(self) -> None: ...

"""All sockets of one port, and the end of those that do not go by themselves."""

import asyncio
import time
import weakref
from collections.abc import Callable
from typing import Final, final

from chinwag.roles.port.crowding import Crowding
from chinwag.roles.port.listener import SocketLimits
from chinwag.roles.port.parsers import Parsers
from chinwag.roles.port.socket import Socket
from chinwag.roles.port.weights import HALVES, UNREAD, Weights
from chinwag.roles.port.wheel import Wheel


class _Goodbye:
    """A closed socket's last seconds. It does not keep one alive that has gone sooner, as most do."""

    __slots__ = ("due", "slot", "socket")

    def __init__(self, socket: Socket, due: float) -> None:
        self.socket = weakref.ref(socket)
        self.due = due
        self.slot = -1

    def deadline(self) -> float:
        return self.due


@final
class Sockets:
    """All sockets of one port, with what they share: limits, parsers, and the wheel that ends the closed ones."""

    def __init__(
        self,
        limits: SocketLimits,
        report: Callable[[BaseException], None],
        crowding: Crowding,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`report` is told the exceptions of listeners; `crowding` counts by address; `clock` in seconds."""
        self.limits: Final = limits
        self.parsers: Final = Parsers(limits.message)
        self.halves: Final = Weights(HALVES)
        self.unread: Final = Weights(UNREAD, _waiting)
        self._report = report
        self.crowding: Final = crowding
        self._clock = clock
        self._open: set[Socket] = set()
        self._none = asyncio.Event()
        self._none.set()
        self.wheel: Final = Wheel[_Goodbye](_cut, clock=clock)

    def __len__(self) -> int:
        """How many connections there are, closing ones included."""
        return len(self._open)

    def report(self, failure: BaseException, /) -> None:
        """A listener has failed."""
        self._report(failure)

    def add(self, socket: Socket) -> None:
        """Count `socket`; its address has been counted."""
        self._open.add(socket)
        self._none.clear()

    def lost(self, socket: Socket) -> None:
        """Stop counting `socket`."""
        self._open.discard(socket)
        self.halves.forget(socket)
        self.unread.forget(socket)
        self.crowding.leave(socket.remote[0])
        if not self._open:
            self._none.set()

    def waits(self, socket: Socket, size: int) -> bool:
        """So many bytes wait to be read from `socket`; whether that is within the bounds of its owner, and of all."""
        return self.unread.hold(socket, size)

    def linger(self, socket: Socket) -> None:
        """Cut `socket` after the linger time, should it still be there."""
        self.wheel.add(_Goodbye(socket, self._clock() + self.limits.linger))

    def close_all(self, code: int, reason: str) -> None:
        """Close every socket."""
        for socket in tuple(self._open):
            socket.close(code, reason)

    def abort_all(self) -> None:
        """Cut every socket."""
        for socket in tuple(self._open):
            socket.abort()

    async def gone(self) -> None:
        """Return when no socket is left. Unbounded: call it under a time-out."""
        await self._none.wait()


def _waiting(socket: Socket) -> int:
    return socket.kept


def _cut(goodbye: _Goodbye) -> None:
    if socket := goodbye.socket():
        socket.abort()

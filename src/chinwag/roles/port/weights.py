"""What sockets hold, in bytes: messages of which only a part has come, and what waits to be read.

Many that hold a little less than one may must not fill the memory together: it is bounded by owner, and in all.
"""

from collections.abc import Callable
from typing import Final, final

import msgspec

from chinwag.roles.port.socket import Socket


class WeightLimits(msgspec.Struct, frozen=True):
    """How many bytes may be held: what a socket holds up to `free` is not counted."""

    free: int = 64 << 10
    per_owner: int = 16 << 20
    in_all: int = 128 << 20


HALVES: Final = WeightLimits()
"""For parts of messages that are not whole."""
UNREAD: Final = WeightLimits(per_owner=16 << 20, in_all=256 << 20)
"""For what waits until its reader takes it."""


@final
class Weights:
    """Bytes by socket and by the socket's owner."""

    def __init__(self, limits: WeightLimits, weigh: Callable[[Socket], int] | None = None) -> None:
        """weigh: what a socket holds now, where that falls untold; asked before anybody is found to hold too much."""
        self.limits: Final = limits
        self.total = 0
        self._weigh = weigh
        self._sockets: dict[Socket, tuple[str, int]] = {}
        self._owners: dict[str, int] = {}

    def __len__(self) -> int:
        """Sockets that are counted."""
        return len(self._sockets)

    def hold(self, socket: Socket, size: int) -> bool:
        """`socket` holds so many bytes now; whether that is still within the bounds."""
        self._count(socket, size)
        if size <= self.limits.free or self._within(socket):
            return True
        if self._weigh is None:
            return False
        for each in tuple(self._sockets):
            self._count(each, self._weigh(each))
        return self._within(socket)

    def forget(self, socket: Socket) -> None:
        """`socket` holds none, or is gone."""
        owner, size = self._sockets.pop(socket, ("", 0))
        if size:
            self.total -= size
            left = self._owners[owner] - size
            if left:
                self._owners[owner] = left
            else:
                del self._owners[owner]

    def _count(self, socket: Socket, size: int) -> None:
        self.forget(socket)
        if size > self.limits.free:
            owner = socket.owner
            self._sockets[socket] = (owner, size)
            self.total += size
            self._owners[owner] = self._owners.get(owner, 0) + size

    def _within(self, socket: Socket) -> bool:
        owner, _ = self._sockets.get(socket, ("", 0))
        return self._owners.get(owner, 0) <= self.limits.per_owner and self.total <= self.limits.in_all

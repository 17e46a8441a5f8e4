"""Messages of which only a part has come, in bytes: many that are begun and never ended must not fill the memory."""

from typing import Final, final

import msgspec

from chinwag.roles.port.socket import Socket


class HalfLimits(msgspec.Struct, frozen=True):
    """How many bytes parts of messages may take: below `free` one is not counted."""

    free: int = 64 << 10
    per_owner: int = 16 << 20
    in_all: int = 128 << 20


@final
class Halves:
    """What sockets hold of messages that are not whole, by socket and by the socket's owner."""

    def __init__(self, limits: HalfLimits | None = None) -> None:
        self.limits: Final = limits or HalfLimits()
        self.total = 0
        self._sockets: dict[Socket, tuple[str, int]] = {}
        self._owners: dict[str, int] = {}

    def hold(self, socket: Socket, size: int) -> bool:
        """`socket` holds so many bytes now; whether that is still within the bounds."""
        self.forget(socket)
        if size <= self.limits.free:
            return True
        owner = socket.owner
        self._sockets[socket] = (owner, size)
        self.total += size
        self._owners[owner] = mine = self._owners.get(owner, 0) + size
        return mine <= self.limits.per_owner and self.total <= self.limits.in_all

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

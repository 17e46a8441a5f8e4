"""What the HTTP side of the port needs to know of its port, and its bounds."""

from typing import Protocol

import msgspec

from chinwag.roles.port.crowding import Crowding
from chinwag.roles.port.forwarded import Forwarded
from chinwag.roles.port.handshake import ListenerFactory
from chinwag.roles.port.sockets import Sockets
from chinwag.roles.port.unread import Unread
from chinwag.roles.port.wheel import Timed, Wheel


class Slow(Timed, Protocol):
    """A connection that may take too long."""

    def give_up(self) -> None:
        """It was not in time."""
        ...


class HttpLimits(msgspec.Struct, frozen=True):
    """What HTTP connections may take up. Sizes in bytes, times in seconds."""

    connections: int = 10_000
    """Connections speaking HTTP at one time; one more is answered 503."""
    head: int = 32 << 10
    """The request line and headers of a request that comes in pieces; a longer one is answered 431."""
    head_seconds: float = 10.0
    """How long a new connection, or a request once begun, may take to bring its whole head."""
    body_seconds: float = 30.0
    """How long a request may take, after its head, to bring its whole body, or `body_step` more of it; answered
    408. Not counted while the server itself does not read on."""
    body_step: int = 64 << 10
    """A body that has brought so much more has `body_seconds` again for the next."""
    chunks: int = 64 << 10
    """What the chunks of a body may say of themselves, beside what their number allows; beyond it, 400."""
    keep_alive_seconds: int = 20
    """How long a connection may stay without a request after an answer."""
    flush_seconds: float = 60.0
    """How long, after that, a peer may take to read an answer."""
    linger_seconds: float = 2.0
    """How long a peer that was refused may take to go."""
    unparsed: int = 4 << 20
    """What may come behind requests that wait for their turn; a connection that brings more is cut."""


class Door(Protocol):
    """What the HTTP side knows of its port."""

    http_limits: HttpLimits
    max_connections: int
    draining: bool
    sockets: Sockets
    heads: Wheel[Slow]

    @property
    def forwarded(self) -> Forwarded:
        """Who a client is."""
        ...

    @property
    def crowding(self) -> Crowding:
        """How many connections it has."""
        ...

    @property
    def unread(self) -> Unread:
        """Which answers wait to be read."""
        ...

    @property
    def listener_factory(self) -> ListenerFactory:
        """Who takes the sockets."""
        ...

    def http_gone(self) -> None:
        """A connection is no longer an HTTP one."""
        ...

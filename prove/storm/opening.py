"""How a device connects, by each transport."""

from collections.abc import Awaitable
from typing import Final, Protocol

from prove.facts import Transport
from prove.storm.links import Hearer, Link, SocketLink
from prove.storm.listening import PollLink, StreamLink


class Open(Protocol):
    """Opens a link."""

    def __call__(self, url: str, hearer: Hearer, cursor: str | None, *, small: bool) -> Awaitable[Link]:
        """Connect. Raises OSError."""
        ...


OPEN: Final[dict[Transport, Open]] = {
    "socket": SocketLink.open,
    "stream": StreamLink.open,
    "long_poll": PollLink.open_long,
    "short_poll": PollLink.open_short,
}

"""How many connections one address has, so that one machine cannot take the places of all others.

Loopback is not counted: there sit this machine's own proxy, which speaks for everybody, and its operator.
"""

from typing import final

from chinwag.domain.address import is_loopback, network_of
from chinwag.domain.refusal import Code, Refused


@final
class Crowding:
    """Connections by address (IPv6: by its 64-bit network). Holds an entry only for addresses that have some."""

    __slots__ = ("_counts", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: dict[str, int] = {}

    def __len__(self) -> int:
        """Addresses that have connections."""
        return len(self._counts)

    def enter(self, address: str) -> None:
        """One more from `address`. Raises `Refused(RATE_LIMITED)`, and counts nothing then."""
        network = network_of(address)
        count = self._counts.get(network, 0)
        if count >= self._most:
            raise Refused(Code.RATE_LIMITED, "too many connections from this address", 10.0)
        if not is_loopback(address):
            self._counts[network] = count + 1

    def leave(self, address: str) -> None:
        """One fewer. For each `enter` that was not refused, once."""
        network = network_of(address)
        count = self._counts.get(network, 0)
        if count > 1:
            self._counts[network] = count - 1
        elif count:
            del self._counts[network]

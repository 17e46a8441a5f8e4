"""Where a request comes from, also behind reverse proxies that are trusted to say so."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

HOPS_MAX: Final = 20
"""Entries of X-Forwarded-For that are looked at."""


class Forwarded:
    """Tells a client's address. `trusted_proxies` are addresses or networks whose X-Forwarded-For is believed."""

    def __init__(self, trusted_proxies: Sequence[str] = ()) -> None:
        self._networks = [ip_network(proxy, strict=False) for proxy in trusted_proxies]

    def trusts(self, address: str) -> bool:
        """Whether this is a trusted proxy's address."""
        return bool(self._networks) and _is_address(address) and _within(address, self._networks)

    def client(self, peer: str, forwarded: Iterable[str]) -> str:
        """The client's address, by the peer's and the values of its X-Forwarded-For headers.

        They are read from their end, as each proxy appends whom it heard; the first address that is no trusted
        proxy's is the client's. What stands before it may be made up.
        """
        if not self.trusts(peer):
            return peer
        hops = ",".join(forwarded).split(",")
        for hop in reversed(hops[-HOPS_MAX:]):
            client = hop.strip()
            if not _is_address(client):
                break
            peer = client
            if not _within(client, self._networks):
                break
        return peer


def _within(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    return any(ip_address(address) in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True

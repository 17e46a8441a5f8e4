"""Where a request comes from, also behind reverse proxies that are trusted to say so."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Final

from chinwag.domain.address import read_address

_HEADER: Final = b"x-forwarded-for"
HOPS_MAX: Final = 20
"""Entries of X-Forwarded-For that are looked at."""


class Forwarded:
    """Tells a client's address. `trusted_proxies` are addresses or networks whose X-Forwarded-For is believed."""

    def __init__(self, trusted_proxies: Sequence[str] = ()) -> None:
        self._networks = [ip_network(proxy, strict=False) for proxy in trusted_proxies]

    def trusts(self, address: str) -> bool:
        """Whether this is a trusted proxy's address."""
        return bool(self._networks) and _within(address, self._networks)

    def client(self, peer: str, forwarded: Iterable[str]) -> str:
        """The client's address, by the peer's and the values of its X-Forwarded-For headers.

        An address may have a port, brackets or quotes, as some proxies write it. They are read from their end, as each
        proxy appends whom it heard; the first address that is no trusted proxy's is the client's. What stands before it
        may be made up.
        """
        if not self.trusts(peer):
            return peer
        hops = ",".join(forwarded).split(",")
        for hop in reversed(hops[-HOPS_MAX:]):
            client = address_in(hop)
            if client is None:
                break
            peer = client
            if not _within(client, self._networks):
                break
        return peer

    def of(self, scope: Any) -> str:
        """The client's address of an ASGI request."""
        peer = str(scope["client"][0]) if scope["client"] else ""
        if not self.trusts(peer):
            return peer
        return self.client(peer, [value.decode("latin-1") for name, value in scope["headers"] if name == _HEADER])


def address_in(hop: str) -> str | None:
    """The address in an entry of X-Forwarded-For, in its shortest form; None if there is none.

    `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:443`, each perhaps in quotes. A zone
    (`%eth0`) means something on the machine that wrote it only, and is left out.
    """
    text = hop.strip().strip('"').strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    address = read_address(text)
    return None if address is None else str(address)


def _within(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    ip = read_address(address)
    return ip is not None and any(ip in network for network in networks)

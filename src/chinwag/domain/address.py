"""Addresses of the network, as far as something counts by them."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

ADDRESSES: Final = 4096
"""Addresses of which an answer is remembered, as working it out costs more than counting."""
ADDRESS_CHARACTERS: Final = 64
"""The longest address, with a zone, and more."""


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or the 64-bit network of an IPv6 one, which one house has whole."""
    return _network_of(address[:ADDRESS_CHARACTERS])  # what a header calls an address may be as long as a header


@lru_cache(ADDRESSES)
def _network_of(address: str) -> str:
    ip = _read(address)
    if ip is None:
        return address
    return str(ip) if isinstance(ip, IPv4Address) else str(ip_network((int(ip), 64), strict=False))


@lru_cache(ADDRESSES)
def is_loopback(address: str) -> bool:
    """Whether this is the machine itself; also for a connection without an address, as over the file system."""
    ip = _read(address)
    return not address if ip is None else ip.is_loopback


def _read(address: str) -> IPv4Address | IPv6Address | None:
    """An address without its zone, and as IPv4 if it stands for one."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (ip.ipv4_mapped if isinstance(ip, IPv6Address) else None) or ip

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
    ip = read_address(address)
    if ip is None:
        return address
    return str(ip) if isinstance(ip, IPv4Address) else str(ip_network((int(ip), 64), strict=False))


def networks_of(address: str) -> tuple[str, ...]:
    """The networks around an address that one hand may hold, the narrowest first: of IPv6 /64, /56 and /48, as houses
    and firms are given them, of IPv4 the address and its /24. What is no address counts as it is; none: nothing."""
    return _networks_of(address[:ADDRESS_CHARACTERS])


@lru_cache(ADDRESSES)
def _networks_of(address: str) -> tuple[str, ...]:
    ip = read_address(address)
    if ip is None:
        return (address,) if address else ()
    widths = (24,) if isinstance(ip, IPv4Address) else (56, 48)
    wider = (str(ip_network((int(ip), width), strict=False)) for width in widths)
    return network_of(address), *wider


@lru_cache(ADDRESSES)
def is_loopback(address: str) -> bool:
    """Whether this is the machine itself; also for a connection without an address, as over the file system."""
    ip = read_address(address)
    return not address if ip is None else ip.is_loopback


def read_address(address: str) -> IPv4Address | IPv6Address | None:
    """An address without its zone, and as IPv4 if it stands for one."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (ip.ipv4_mapped if isinstance(ip, IPv6Address) else None) or ip

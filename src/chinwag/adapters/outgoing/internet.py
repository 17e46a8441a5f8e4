"""Which addresses are the Internet, and not this machine, its networks, or a way around to them."""

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

_NOT_V4: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # behind a provider's translation (RFC 6598)
        "127.0.0.0/8",
        "169.254.0.0/16",  # with what tells machines of clouds who they are
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, what is reserved, and broadcast
    )
)
_GLOBAL_V6: Final = IPv6Network("2000::/3")
"""All that was ever given out for the Internet. Outside of it are loopback, mapped and translated IPv4 (NAT64), what is
local to a link, a site or an owner, and multicast."""
_NOT_V6: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # for protocols, such as Teredo
        "2001:db8::/32",
        "2002::/16",  # 6to4: holds an IPv4 address
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)


def is_internet(address: str) -> bool:
    """Whether an address (IPv4 or IPv6 as text, with or without a zone) is one of the Internet's own. By the registries
    for special purposes (RFC 6890) and what Python knows of them; False for anything that is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if not parsed.is_global or parsed.is_multicast:
        return False
    if isinstance(parsed, IPv6Address):
        if parsed.scope_id is not None or parsed not in _GLOBAL_V6:
            return False
        return not any(parsed in network for network in _NOT_V6)
    return not any(parsed in network for network in _NOT_V4)

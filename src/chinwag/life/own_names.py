"""By which names and addresses this machine is reached from the network that it is in. Sends nothing."""

import contextlib
import ipaddress
import socket
from typing import Final

_OUTSIDE: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses for documentation: a datagram socket that is turned to one says by which own address it would go."""
LABEL_MOST: Final = 63
ADDRESSES_MOST: Final = 8


def own_names() -> tuple[str, ...]:
    """Its addresses in the network, the one by which it goes out first; then its name there (`NAME.local` and `NAME`);
    then its names for itself. Without a network only those."""
    label = socket.gethostname().lower().partition(".")[0]
    names = [f"{label}.local", label] if _is_label(label) and label != "localhost" else []
    return (*_addresses(), *names, "localhost", "127.0.0.1", "::1")


def _addresses() -> tuple[str, ...]:
    found: list[str] = []
    for family, outside in _OUTSIDE:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((outside, 9))
            found.append(str(probe.getsockname()[0]))
    with contextlib.suppress(OSError):
        found += [str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)]
    return tuple(dict.fromkeys(one for one in found if _from_outside(one)))[:ADDRESSES_MOST]


def _from_outside(address: str) -> bool:
    """Whether others may reach this machine at it: not a loopback one, nor one that holds on a single link."""
    try:
        one = ipaddress.ip_address(address)
    except ValueError:  # with the name of a link behind it
        return False
    return not (one.is_loopback or one.is_link_local or one.is_unspecified or one.is_multicast)


def _is_label(text: str) -> bool:
    """Whether this may be a part of a host name (RFC 1123, 2.1)."""
    inner = text.replace("-", "")
    return 0 < len(text) <= LABEL_MOST and inner.isascii() and inner.isalnum() and text[0] != "-" != text[-1]

"""Addresses of which nobody on the way can change what is said there."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

_NEVER: Final = frozenset(' "<>\\^`{|}#')


def is_trusted(url: str, query: bool = False) -> bool:
    """Whether this is the address of something behind TLS, or on this machine itself; without a user, and without a
    query unless `query`."""
    if not url.isascii() or not url.isprintable() or set(url) & _NEVER or ("?" in url and not query):
        return False
    try:
        at = urlsplit(url)
        host, _ = at.hostname, at.port
    except ValueError:
        return False
    if not host or "@" in at.netloc:
        return False
    return at.scheme == "https" or (at.scheme == "http" and is_here(host))


def is_here(host: str) -> bool:
    """Whether a host is this machine, by its name alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

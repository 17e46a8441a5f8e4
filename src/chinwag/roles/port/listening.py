"""Where a port listens: every address that its host stands for, on one port number."""

import asyncio
import errno
import socket as net
from typing import Final

BACKLOG: Final = 4096


async def bind(host: str, port: int) -> list[net.socket]:
    """Listen on every address that `host` stands for, on one port.

    `::` is every address of the machine, of IPv4 as well: one socket takes both where the system can do that. An empty
    host is the same.
    """
    if host in ("", "::") and net.has_dualstack_ipv6():
        return [net.create_server(("::", port), family=net.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True)]
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host or None, port, type=net.SOCK_STREAM, flags=net.AI_PASSIVE)
    addresses = list(dict.fromkeys((info[0], str(info[4][0])) for info in found))
    bound: list[net.socket] = []
    for family, where in addresses:
        chosen = bound[0].getsockname()[1] if bound else port
        try:
            bound.append(net.create_server((where, chosen), family=family, backlog=BACKLOG))
        except OSError as failure:
            # A name such as localhost may stand for an IPv6 address on a machine without IPv6.
            if failure.errno == errno.EADDRNOTAVAIL and (bound or (family, where) != addresses[-1]):
                continue
            for each in bound:
                each.close()
            raise
    return bound

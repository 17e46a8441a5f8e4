"""What a ZooKeeper server says of itself, on a connection of its own."""

import socket
from typing import Final

from chinwag.adapters.zookeeper.encrypted import encrypted_socket

SECONDS: Final = 2.0
MOST_BYTES: Final = 64 * 1024


def answer_of(host: str, tls_ca: str = "") -> str:
    """Its answer to `srvr`; empty if it gives none. host: with its port. tls_ca: a PEM file of the authorities that
    may vouch for it; empty: not encrypted. Blocks for two seconds a step at most."""
    name, _, port = host.rpartition(":")
    try:
        address = (name.strip("[]"), int(port))
        with (
            encrypted_socket(tls_ca, address, SECONDS)
            if tls_ca
            else socket.create_connection(address, timeout=SECONDS) as connection
        ):
            connection.sendall(b"srvr")
            with connection.makefile("rb") as answer:
                return answer.read(MOST_BYTES).decode(errors="replace")
    except (OSError, ValueError):
        return ""


def by_name(answer: str) -> dict[str, str]:
    """The same as names and values; empty if it tells none, as a server that serves nobody."""
    lines = (line.partition(":") for line in answer.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, _, value in lines}

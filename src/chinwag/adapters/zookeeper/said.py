"""What a ZooKeeper server says of itself, on a connection of its own."""

import socket
from typing import Final

SECONDS: Final = 2.0
MOST_BYTES: Final = 64 * 1024


def said_by(host: str) -> dict[str, str]:
    """Its answer to `srvr`, by name; empty if it gives none. host: with its port. Blocks for two seconds at most."""
    name, _, port = host.rpartition(":")
    try:
        with socket.create_connection((name.strip("[]"), int(port)), timeout=SECONDS) as connection:
            connection.sendall(b"srvr")
            with connection.makefile("rb") as answer:
                words = answer.read(MOST_BYTES).decode(errors="replace")
    except (OSError, ValueError):
        return {}
    lines = (line.partition(":") for line in words.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, _, value in lines}

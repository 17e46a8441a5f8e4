"""What a refused poll costs the server beside an accepted one, in microseconds of its CPU time.

python -m tools.poll_cost [POLLS]

Starts a server on a folder of its own, and asks over one connection, one request at a time.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from prove.process import ServerProcess
from tests.support.people import settle_in

TICK: Final = os.sysconf("SC_CLK_TCK")
FAST: Final = (
    "--limits-polls-per-second=100000",
    "--limits-polls-burst=1000000",
    "--limits-requests-per-second=100000",
)


async def measure(flags: Sequence[str], polls: int, token: str | None, expected: int) -> float:
    """Microseconds of server CPU a poll, with the answer `expected` counted only; `token` None: a good one."""
    with tempfile.TemporaryDirectory() as folder:
        process = ServerProcess(Path(folder) / "data", *flags)
        made = await settle_in(process.data, ["ann"])
        try:
            await process.start()
            address = urlsplit(process.url)
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            request = (
                f"GET /v1/sync HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token or made[0][3]}\r\n\r\n".encode()
            )
            seen = 0
            for count in range(polls + polls // 4):
                if count == polls // 4:  # warm
                    before, seen = cpu(process.pid), 0
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
                await reader.readexactly(int(length.split(b":")[1]))
                seen += int(head.split()[1]) == expected
            spent = cpu(process.pid) - before
            writer.close()
            await process.stop()
        finally:
            process.end()
    if seen < polls * 0.9:
        raise SystemExit(f"only {seen} of {polls} answers were {expected}")
    return spent / polls * 1e6


def cpu(pid: int) -> float:
    """Seconds of CPU that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


async def main(polls: int) -> None:
    """Measure and print."""
    for what, flags, token, status in (
        ("accepted", (*FAST, "--limits-requests-burst=1000000"), None, 200),
        ("refused", (), None, 429),
        ("wrong token", ("--limits-strangers-burst=1000000",), "x.y.z", 401),
        ("wrong token", ("--limits-strangers-burst=10",), "x.y.z", 429),
    ):
        cost = await measure(flags, polls, token, status)
        sys.stdout.write(f"{what} ({status}): {cost:.0f} us\n")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))

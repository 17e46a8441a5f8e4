"""A stream of bytes from a server that strangers named, read little by little.

A client takes all that it has read apart in one go, on the event loop, and there are answers that cost much there for
few bytes: thousands of interim ones (RFC 9110, 15.2) fit into a single read. So a read brings little, and a server that
says more than the answers to our requests come to waits for its turn.
"""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpcore2

READ_BYTES: Final = 2048
"""What is taken apart in one go: below ten milliseconds whatever it is."""
SECOND_BYTES: Final = 256 * 1024
"""What one connection may say in a second: thousands of answers of a push service."""
BURST_BYTES: Final = 256 * 1024
"""What it may say at once."""


class SlowStream(httpcore2.AsyncNetworkStream):
    """`stream`, of which at most `READ_BYTES` come together, and `SECOND_BYTES` in a second. clock: seconds from any
    beginning; sleep: waits for so many."""

    def __init__(
        self,
        stream: httpcore2.AsyncNetworkStream,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._sleep = sleep
        self._left = float(BURST_BYTES)
        self._at = clock()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - as the pool calls it
        """What has come, once it is this connection's turn. Raises as the stream does."""
        now = self._clock()
        self._left = min(float(BURST_BYTES), self._left + (now - self._at) * SECOND_BYTES)
        self._at = now
        if self._left < 0:
            await self._sleep(-self._left / SECOND_BYTES)
        found = await self._stream.read(min(max_bytes, READ_BYTES), timeout)
        self._left -= len(found)
        return found

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - likewise
        """As the stream does."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """As the stream does."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - likewise
    ) -> httpcore2.AsyncNetworkStream:
        """The same upon TLS, read as slowly."""
        inner = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        return SlowStream(inner, self._clock, self._sleep)

    def get_extra_info(self, info: str) -> Any:
        """As the stream does."""
        return self._stream.get_extra_info(info)

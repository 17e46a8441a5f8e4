"""Connections that go where a name was found to lead, and nowhere else.

The name is looked up once, by us. Each address that it has must be the Internet's, or none is connected to: a name that
leads to a stranger's server and also to this machine is made to mislead. The connection then goes to the very address
that was looked at, so that nobody can answer a second look-up differently; certificate and `Host` are still the name's.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, zip_longest
from typing import Any, Final

import httpcore2

from chinwag.adapters.outgoing.internet import is_internet
from chinwag.adapters.outgoing.slowly import SlowStream

TRIED: Final = 4
"""Addresses of one name that are tried."""
LOOK_UPS: Final = 8
"""At once: one that hangs keeps nobody else of this process waiting for names."""

LookUp = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host. Raises OSError where there are none."""


class NotInternetError(httpcore2.ConnectError):
    """The name leads to this machine, to a network of ours, or to nowhere in particular."""


class GuardedDialler(httpcore2.AsyncNetworkBackend):
    """Dials for a pool of connections. look_up: in place of the system's, for tests; dialled: likewise for connecting.
    dangerous: any address and any port will do."""

    def __init__(
        self,
        *,
        dangerous: bool = False,
        look_up: LookUp | None = None,
        dialled: httpcore2.AsyncNetworkBackend | None = None,
    ) -> None:
        self._dangerous = dangerous
        self._threads = ThreadPoolExecutor(LOOK_UPS, thread_name_prefix="look-up")
        self._look_up = self._system if look_up is None else look_up
        self._dialled = httpcore2.AnyIOBackend() if dialled is None else dialled

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as the pool calls it
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Look `host` up, look at what was found, and connect to it. Raises ConnectError and ConnectTimeout."""
        try:
            async with asyncio.timeout(timeout):
                addresses = await self.addresses(host, port)
                found = await self._first(addresses, port, timeout, local_address, socket_options)
                return SlowStream(found)
        except TimeoutError:
            raise httpcore2.ConnectTimeout from None
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from None

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Where the name leads: at most `TRIED`, the two families in turn. Raises `NotInternetError`, and OSError."""
        found = list(dict.fromkeys(await self._look_up(host, port)))
        if not self._dangerous and (port != 443 or not all(map(is_internet, found))):
            raise NotInternetError("it leads elsewhere than to the Internet")
        if not found:
            raise OSError("it has no address")
        kinds = [one for one in found if ":" in one], [one for one in found if ":" not in one]
        return [one for one in chain.from_iterable(zip_longest(*kinds)) if one is not None][:TRIED]

    async def sleep(self, seconds: float) -> None:
        """As the pool asks for it."""
        await asyncio.sleep(seconds)

    def close(self) -> None:
        """Look nothing up any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _first(
        self,
        addresses: Sequence[str],
        port: int,
        seconds: float | None,
        local_address: str | None,
        options: Iterable[Any] | None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to the first that answers, each given its share of the time."""
        share = None if seconds is None else seconds / len(addresses)
        for address in addresses[:-1]:
            try:
                return await self._dialled.connect_tcp(address, port, share, local_address, options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._dialled.connect_tcp(addresses[-1], port, share, local_address, options)

    async def _system(self, host: str, port: int) -> Sequence[str]:
        """By the system, in a thread of our own: it may hang for longer than anybody waits."""
        asked = self._threads.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        return [str(found[4][0]) for found in await asyncio.wrap_future(asked)]

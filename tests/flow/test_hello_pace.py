"""A gateway lets so many in a second, and tells the others when to come."""

import asyncio
from pathlib import Path

from tests.support.link import MemoryLink

from chinwag.assembly import open_server
from chinwag.config import Config
from chinwag.config.sections import Data, Observe
from chinwag.config.sections import Server as ServerSection
from chinwag.roles.gateway.gateway import Gateway
from chinwag.wire.codec import decode_server, encode
from chinwag.wire.frames import Bye, Error, Hello


async def hello(gateway: Gateway) -> tuple[Error, Bye]:
    """What a device hears whose token is no good: it takes its place as any other, and is seen out then."""
    heard: list[bytes] = []
    link = MemoryLink.open(gateway, heard.append)
    link.send(encode(Hello(token="a.b.c")))
    async with asyncio.timeout(60):
        await link.ended
    error, bye = map(decode_server, heard)
    assert isinstance(error, Error)
    assert isinstance(bye, Bye)
    return error, bye


async def test_a_device_too_many_is_told_when_to_come_and_is_let_in_then(tmp_path: Path) -> None:
    section = ServerSection(port=0, hellos_per_second=0.5)
    server = await open_server(Config(data=Data(path=tmp_path / "data"), server=section, observe=Observe(port=0)))
    await server.start()
    try:
        gateway = server.gateway
        now = gateway.common.now()
        gateway.common.now = lambda: now
        assert (await hello(gateway))[0].code == "unauthenticated"
        for wait in (2.0, 4.0):
            error, bye = await hello(gateway)
            assert (error.code, error.retryable) == ("overloaded", True)
            assert (bye.code, bye.elsewhere, round(bye.reconnect_after, 3)) == ("overloaded", True, wait)
        now += 2.0
        assert (await hello(gateway))[0].code == "unauthenticated"
        assert (await hello(gateway))[0].code == "overloaded"
        assert gateway.figures.put_off == 3
    finally:
        await server.stop()

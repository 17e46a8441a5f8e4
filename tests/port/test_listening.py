"""One host may stand for several addresses: all are listened on, on one port."""

import asyncio
import socket as net

import pytest
from tests.port.house import House

from chinwag.roles.port.listening import bind
from chinwag.roles.port.one_port import OnePort


def _reaches(family: int, address: str, port: int) -> bool:
    with net.socket(family) as caller:
        return caller.connect_ex((address, port)) == 0


@pytest.mark.parametrize("host", ["::", ""])
async def test_every_address_is_both_families(host: str) -> None:
    if not net.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    bound = await bind(host, 0)
    try:
        port = bound[0].getsockname()[1]
        assert _reaches(net.AF_INET, "127.0.0.1", port)
        assert _reaches(net.AF_INET6, "::1", port)
    finally:
        for each in bound:
            each.close()


@pytest.mark.parametrize(
    ("host", "family", "address", "not_family", "not_address"),
    [
        ("127.0.0.1", net.AF_INET, "127.0.0.1", net.AF_INET6, "::1"),
        ("0.0.0.0", net.AF_INET, "127.0.0.1", net.AF_INET6, "::1"),
        ("::1", net.AF_INET6, "::1", net.AF_INET, "127.0.0.1"),
    ],
)
async def test_one_address_is_one_family(
    host: str, family: int, address: str, not_family: int, not_address: str
) -> None:
    if not net.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    bound = await bind(host, 0)
    try:
        port = bound[0].getsockname()[1]
        assert _reaches(family, address, port)
        assert not _reaches(not_family, not_address, port)
    finally:
        for each in bound:
            each.close()


async def test_a_port_on_every_address_answers_both_families(house: House) -> None:
    if not net.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    port = OnePort(house.app, house.listener, host="::", port=0)
    await port.start()
    try:
        for address in ("127.0.0.1", "::1"):
            reader, writer = await asyncio.open_connection(address, port.port)
            writer.write(b"GET /hi HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 200")
            writer.close()
    finally:
        await port.stop(5)

"""What the guard takes for the Internet, and what for a way to something of ours."""

import socket
from ipaddress import IPv4Address, IPv6Address
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.adapters.outgoing.internet import is_internet

THE_INTERNET: Final = (
    "93.184.215.14",
    "1.1.1.1",
    "17.188.143.34",
    "2001:4860:4860::8888",
    "2606:4700::6810:84e5",
    "2a00:1450::1",
)

NOT_THE_INTERNET: Final = (
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:93.184.215.14",
    "64:ff9b::7f00:1",
    "64:ff9b::5db8:d70e",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:c0a8:101::1",
    "3fff::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%lo",
    "2606:4700::1%lo",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "5f00::1",
)

NO_ADDRESS: Final = (
    "",
    "localhost",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.0.0.1:443",
    "[::1]",
    "1.2.3",
)

ODD_FORMS: Final = ("127.1", "2130706433", "0x7f000001", "017700000001", "0x7f.0.0.1", "0177.0.0.1", "127.0.1", "0")
"""What the system's look-up takes for addresses of this machine, though they look like names."""


@pytest.mark.parametrize("address", THE_INTERNET)
def test_the_internet_is_reached(address: str) -> None:
    assert is_internet(address)


@pytest.mark.parametrize("address", NOT_THE_INTERNET)
def test_what_is_ours_is_not(address: str) -> None:
    assert not is_internet(address)


@pytest.mark.parametrize("given", NO_ADDRESS)
def test_what_is_no_address_is_not(given: str) -> None:
    assert not is_internet(given)


@pytest.mark.parametrize("form", ODD_FORMS)
def test_whatever_form_the_system_understands_is_judged_by_where_it_leads(form: str) -> None:
    found = {str(one[4][0]) for one in socket.getaddrinfo(form, 443, type=socket.SOCK_STREAM)}
    assert found
    assert not any(is_internet(address) for address in found)


@given(st.ip_addresses(v=4))
def test_no_address_of_ipv4_gets_in_by_the_way_of_ipv6(address: IPv4Address) -> None:
    packed = address.packed
    for prefix in ("00" * 12, "00" * 10 + "ffff", "0064ff9b" + "00" * 8):
        assert not is_internet(str(IPv6Address(bytes.fromhex(prefix) + packed)))
    assert not is_internet(str(IPv6Address(b"\x20\x02" + packed + bytes(10))))


@given(st.ip_addresses())
def test_nothing_is_let_through_that_python_calls_private(address: IPv4Address | IPv6Address) -> None:
    if (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
    ):
        assert not is_internet(str(address))

"""Heads that say a thing twice, or in a form that two readers would take for different things: refused, and closed."""

import contextlib
import json

import pytest
from tests.port.house import KEY, Client, House

HOST = b"Host: localhost\r\n"
POST = b"POST /size HTTP/1.1\r\n" + HOST
CHUNKED = b"Transfer-Encoding: chunked\r\n"
STOLEN = b"GET /hi HTTP/1.1\r\nHost: l\r\n\r\n"

FRAMINGS = {
    "another coding before chunked": b"Transfer-Encoding: gzip, chunked\r\n",
    "chunked twice": b"Transfer-Encoding: chunked, chunked\r\n",
    "chunked in two headers": CHUNKED * 2,
    "another coding in a header before": b"Transfer-Encoding: gzip\r\n" + CHUNKED,
    "identity": b"Transfer-Encoding: identity\r\n",
    "chunked with a parameter": b"Transfer-Encoding: chunked;q=1\r\n",
    "no coding": b"Transfer-Encoding:\r\n",
    "a negative length": b"Content-Length: -3\r\n",
    "a length with a sign": b"Content-Length: +3\r\n",
    "a list of lengths": b"Content-Length: 3, 3\r\n",
    "a length in hexadecimal": b"Content-Length: 0x3\r\n",
    "a length with an exponent": b"Content-Length: 3e0\r\n",
    "a length beyond every number": b"Content-Length: 99999999999999999999999\r\n",
    "an empty length": b"Content-Length:\r\n",
    "two lengths": b"Content-Length: 3\r\nContent-Length: 4\r\n",
    "length and chunks": b"Content-Length: 3\r\n" + CHUNKED,
}
TWICE = {
    "Authorization": (b"Bearer a", b"Bearer b"),
    "Content-Type": (b"application/json", b"text/plain"),
    "Expect": (b"100-continue", b"100-continue"),
    "Host": (b"localhost", b"localhost"),
    "Content-Encoding": (b"gzip", b"gzip"),
}
TARGETS = {
    "a star for what is no OPTIONS": b"GET *",
    "another server's address": b"GET http://evil.example/hi",
    "another server's address with a user": b"GET http://localhost@evil.example/hi",
    "no path": b"GET hi",
    "an address without a host": b"GET http:///hi",
    "the port of another server": b"GET http://localhost:81/hi",
    "a scheme of its own": b"GET ftp://localhost/hi",
}


async def refused(house: House, head: bytes, body: bytes = b"3\r\nabc\r\n0\r\n\r\n") -> None:
    """It is answered 400, and the connection ends: nothing behind it reaches the application."""
    client = await house.connect()
    client.write(head + b"\r\n" + body + STOLEN)
    status, headers, answer = await client.response()
    assert (status, json.loads(answer)["code"], headers["connection"]) == (400, "bad_request", "close")
    with contextlib.suppress(ConnectionResetError):  # something that was sent was not read, as must be
        assert await client.reader.read() == b""
    assert house.asked == []


@pytest.mark.parametrize("name", FRAMINGS)
async def test_a_body_is_framed_by_one_length_or_by_chunks_alone(house: House, name: str) -> None:
    await refused(house, POST + FRAMINGS[name])


@pytest.mark.parametrize("coding", [b"chunked", b"Chunked", b" CHUNKED "])
async def test_chunks_are_asked_for_in_any_case(house: House, coding: bytes) -> None:
    client = await house.connect()
    client.write(POST + b"Transfer-Encoding:" + coding + b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    assert (await client.response())[::2] == (201, b"3")


@pytest.mark.parametrize("name", TWICE)
async def test_what_may_stand_once_does_not_stand_twice(house: House, name: str) -> None:
    lines = b"".join(b"%b: %b\r\n" % (name.encode(), value) for value in TWICE[name])
    await refused(house, b"POST /size HTTP/1.1\r\n" + (HOST if name != "Host" else b"") + lines, b"")


@pytest.mark.parametrize("name", ["Sec-WebSocket-Key", "Sec-WebSocket-Version", "Authorization", "Host"])
async def test_nor_in_a_request_for_a_socket(house: House, name: str) -> None:
    again = {"Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13", "Authorization": "a", "Host": "localhost"}[name]
    once = Client.upgrade(Authorization="a")[:-2]
    await refused(house, once + f"{name}: {again}\r\n".encode(), b"")
    assert house.requests == []


@pytest.mark.parametrize("name", TARGETS)
async def test_a_target_is_a_path_on_this_server(house: House, name: str) -> None:
    await refused(house, TARGETS[name] + b" HTTP/1.1\r\n" + HOST, b"")


@pytest.mark.parametrize("target", [b"http://localhost/hi", b"HTTP://LOCALHOST/hi", b"https://localhost/hi?x=1"])
async def test_a_whole_address_of_this_server_is_its_path(house: House, target: bytes) -> None:
    """RFC 9112, 3.2.2: a server takes that form too, here where its host is the one that the Host header names."""
    client = await house.connect()
    client.write(b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (await client.response())[0] == 200


async def test_options_of_the_server_itself(house: House) -> None:
    client = await house.connect()
    client.write(b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (await client.response())[0] == 404
    assert house.asked == ["OPTIONS *"]


async def test_a_chunk_says_little_beside_what_it_holds(house: House) -> None:
    """Extensions of chunks are passed over; without end they would be read for as long as a body may take."""
    client = await house.connect()
    client.write(POST + CHUNKED + b"\r\n")
    chunk = b"1;" + b"x" * 900 + b"\r\na\r\n"
    for _ in range(1000):
        client.write(chunk)
    client.write(b"0\r\n\r\n" + STOLEN)
    status, headers, answer = await client.response()
    assert (status, json.loads(answer)["code"], headers["connection"]) == (400, "bad_request", "close")
    assert "GET /hi" not in house.asked


async def test_small_chunks_are_read(house: House) -> None:
    client = await house.connect()
    client.write(POST + CHUNKED + b"\r\n" + b"1;x=y\r\na\r\n" * 20_000 + b"0\r\n\r\n")
    assert (await client.response())[::2] == (201, b"20000")

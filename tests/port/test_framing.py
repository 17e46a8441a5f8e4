"""Where a request ends is the same to this server and to every proxy before it, whatever else the request asks for.

Where it is not, bytes that one person sent as a body are read as a request, and a proxy gives its answer to whoever
uses the connection next. `STOLEN` stands for such a request: it must never reach the application.
"""

import asyncio
import itertools
import json

import pytest
from tests.port.house import CLOSE, TEXT, Client, House

STOLEN = b"GET /hi HTTP/1.1\r\nHost: l\r\n\r\n"
# A proxy reads bodies by buffers of 4 to 16 KB: behind a longer one, the request begins a segment of its own.
LONG_BODY = b"\r\n" * 10_000 + STOLEN
SIZES = {"a short body": STOLEN, "a long body": LONG_BODY, "no body": b""}
OTHER_PROTOCOLS = {
    "h2c, as Java asks": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n",
    "an unknown one": b"Connection: upgrade\r\nUpgrade: x\r\n",
    "a list": b"Connection: upgrade\r\nUpgrade: websocket, h2c\r\n",
    "two headers": b"Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n",
    "nearly ours": b"Connection: upgrade\r\nUpgrade: websockets\r\n",
}

_GO_END = b"Connection: Upgrade\r\nUpgrade: x\r\nX-Forwarded-For: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n"
FROM_GO = {
    "length": (b"POST /v1/socket HTTP/1.1\r\nHost: l\r\nContent-Length: 29\r\n" + _GO_END, STOLEN),
    "chunked": (
        b"POST /v1/socket HTTP/1.1\r\nHost: l\r\nTransfer-Encoding: chunked\r\n" + _GO_END,
        b"1d\r\n" + STOLEN + b"\r\n0\r\n\r\n",
    ),
}
"""Head and body as `httputil.NewSingleHostReverseProxy` of Go 1.26.8 passed them on, each in a segment of its own, for
a client that wrote the head, with `Connection: upgrade` and `Upgrade: x`, and the body later."""


def chunked(body: bytes) -> bytes:
    pieces = [body[start : start + 4000] for start in range(0, len(body), 4000)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def request(protocol: bytes, body: bytes, framing: str, path: bytes = b"/size") -> tuple[bytes, bytes]:
    """Head and body."""
    head = b"POST " + path + b" HTTP/1.1\r\nHost: l\r\n" + protocol
    if framing == "chunked":
        return head + b"Transfer-Encoding: chunked\r\n\r\n", chunked(body)
    return head + b"Content-Length: %d\r\n\r\n" % len(body), body


async def write(client: Client, data: bytes, segment: int) -> None:
    for start in range(0, len(data), segment):
        client.write(data[start : start + segment])
        await client.writer.drain()
        await asyncio.sleep(0)


async def rest(client: Client) -> bytes:
    """What still comes until the server has closed."""
    try:
        return await client.reader.read()
    except ConnectionResetError:  # something that it sent was not read, as must be
        return b""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("protocol", OTHER_PROTOCOLS)
async def test_a_request_that_asks_for_another_protocol_is_answered_as_if_it_had_not(
    house: House, protocol: str, size: str
) -> None:
    segments = (1 << 20, 4096, 1000) if len(SIZES[size]) > 1000 else (1 << 20, 7)
    for framing, segment in itertools.product(("length", "chunked"), segments):
        client = await house.connect()
        head, body = request(OTHER_PROTOCOLS[protocol], SIZES[size], framing)
        whole = head + body
        await write(client, whole[:-1], segment)
        client.write(whole[-1:] + STOLEN)
        status, headers, answer = await client.response()
        assert (status, int(answer)) == (201, len(SIZES[size]))
        assert headers["connection"] == "close"
        assert "upgrade" not in headers
        assert await rest(client) == b""
    assert set(house.asked) == {"POST /size"}


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_the_body_may_come_long_after_the_head(house: House, framing: str) -> None:
    """What Go's ReverseProxy sent, recorded: it passes every `Upgrade` on, and writes the head before the body.

    Before, the body was read as the connection's next request."""
    client = await house.connect()
    head, body = FROM_GO[framing]
    await write(client, head, len(head))
    await (await house.connect()).get("/hi")  # by now the head was read
    client.write(body + STOLEN)
    status, headers, _ = await client.response()
    assert (status, headers["connection"]) == (426, "close")
    assert await rest(client) == b""
    assert house.asked == ["GET /hi"]


@pytest.mark.parametrize("name", ["WebSocket", "WEBSOCKET", "websocket"])
async def test_a_socket_is_asked_for_in_any_case(house: House, name: str) -> None:
    client = await house.connect()
    client.write(client.upgrade(Upgrade=name, Connection="UPGRADE") + Client.frame(TEXT, b"x"))
    assert (await client.response())[0] == 101
    assert await client.read() == (TEXT, b"x")


@pytest.mark.parametrize(
    "body", [{"Content_Length": "0"}, {"Content_Length": str(len(STOLEN))}, {"Transfer_Encoding": "chunked"}]
)
@pytest.mark.parametrize("name", ["websocket", "WebSocket"])
async def test_a_request_for_a_socket_has_no_body(house: House, body: dict[str, str], name: str) -> None:
    client = await house.connect()
    client.write(client.upgrade(Upgrade=name, **body) + STOLEN)
    status, headers, answer = await client.response()
    assert (status, json.loads(answer)["code"], headers["connection"]) == (400, "bad_request", "close")
    assert await rest(client) == b""
    assert not house.asked
    assert not house.requests


BAD_HEADS = {
    "no Host": b"GET /hi HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET /hi HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "two Hosts in HTTP/1.0": b"GET /hi HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
    "a socket without Host": Client.upgrade(Host=None),
    "another protocol without Host": b"GET /hi HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    "HTTP/0.9": b"GET /hi\r\n\r\n",
    "HTTP/2.0": b"GET /hi HTTP/2.0\r\nHost: a\r\n\r\n",
    "a tunnel": b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "chunks in HTTP/1.0": b"POST /size HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "both framings": b"POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    "two lengths": b"POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "a length with a sign": b"POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
    "an unknown framing": b"POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n",
    "a framing behind chunked": b"POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n",
    "a folded header": b"GET /hi HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
    "a blank before the colon": b"GET /hi HTTP/1.1\r\nHost : a\r\n\r\n",
    "bare line feeds": b"GET /hi HTTP/1.1\nHost: a\n\n",
}


@pytest.mark.parametrize("name", BAD_HEADS)
async def test_a_head_that_could_be_read_in_two_ways_is_refused(house: House, name: str) -> None:
    client = await house.connect()
    client.write(BAD_HEADS[name] + STOLEN)
    status, headers, answer = await client.response()
    assert (status, json.loads(answer)["code"], headers["connection"]) == (400, "bad_request", "close")
    assert await rest(client) == b""
    assert "GET /hi" not in house.asked


async def test_a_bad_head_is_no_answer_to_the_request_before_it(house: House) -> None:
    client = await house.connect()
    client.write(b"GET /slow HTTP/1.1\r\nHost: l\r\n\r\n" + BAD_HEADS["no Host"] + STOLEN)
    await house.held.wait()
    house.hold.set()
    status, headers, answer = await client.response()
    assert (status, answer, headers["connection"]) == (200, b"done", "close")
    assert await rest(client) == b""
    assert house.asked == ["GET /slow"]


async def test_nothing_is_read_behind_the_last_request(house: House) -> None:
    client = await house.connect()
    client.write(b"GET /slow HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n" + STOLEN)
    await house.held.wait()
    await write(client, STOLEN * 10, 100)
    house.hold.set()
    assert (await client.response())[2] == b"done"
    assert await rest(client) == b""
    assert house.asked == ["GET /slow"]


async def test_headers_behind_a_body_are_none(house: House) -> None:
    """A proxy passes trailers on unread: a name in them would be believed as if it had looked at it."""
    client = await house.connect()
    trailers = b"Authorization: Bearer stolen\r\nX-Forwarded-For: 192.0.2.1\r\nX-Told: yes\r\n"
    client.write(
        b"POST /told HTTP/1.1\r\nHost: l\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n" + trailers + b"\r\n"
    )
    status, _, answer = await client.response()
    assert (status, sorted(json.loads(answer))) == (201, ["host", "transfer-encoding"])


async def test_a_body_that_was_not_asked_for_is_not_taken_for_a_request(house: House) -> None:
    """A client that waits to be told to go on may send its body after another answer, or not: nobody can know."""
    client = await house.connect()
    client.write(b"POST /nowhere HTTP/1.1\r\nHost: l\r\nExpect: 100-continue\r\nContent-Length: 30\r\n\r\n")
    assert (await client.response())[0] == 404
    client.write(b"x" * 30 + STOLEN)
    assert await rest(client) == b""
    assert house.asked == ["POST /nowhere"]


async def test_a_request_after_a_socket_is_no_request(house: House) -> None:
    client, peer = await house.socket(STOLEN)
    opcode, _ = await client.read()
    assert opcode == CLOSE
    await peer.until("closed")
    assert not house.asked


@pytest.mark.parametrize(
    "broken",
    [
        b"-1\r\n",
        b"0\n\nGET / HTTP/1.1\r\n",
        b"F" * 18 + b"\r\n",
        b"1;" + b"a" * (128 << 10) + b"\r\nx\r\n",
        b"1\r\nxyz\r\n",
    ],
    ids=["no size", "bare line feeds", "no number of bytes", "more said than held", "more bytes than said"],
)
async def test_a_request_that_has_its_answer_gets_no_second_one(house: House, broken: bytes) -> None:
    """Whatever becomes of its body: a proxy would take a second answer for that to the next request."""
    client = await house.connect()
    client.write(b"POST /nope HTTP/1.1\r\nHost: l\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert (await client.response())[0] == 404
    client.write(broken)
    async with asyncio.timeout(60):
        assert await client.reader.read() == b""

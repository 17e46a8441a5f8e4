"""HTTP and WebSocket on one port: what the gateway leans on in uvicorn and picows, over real sockets.

When this fails after an upgrade of either, the other side of the wall moved: see `roles/port/http.py` and
`roles/port/parsers.py`.
"""

import asyncio
import contextlib
import gc
import json
import os
import ssl
import weakref

import pytest
import structlog
from litestar import Litestar
from tests.port.house import BINARY, CLOSE, PING, PONG, TEXT, Client, House, Peer, Start
from tests.support.certificate import make_certificate

from chinwag.roles.port.certificate import Certificate
from chinwag.roles.port.door import HttpLimits
from chinwag.roles.port.frames import Frames
from chinwag.roles.port.listener import SocketLimits
from chinwag.roles.port.one_port import OnePort
from chinwag.roles.port.parsers import SPARES
from chinwag.roles.port.socket import Socket
from chinwag.wire.errors import Code, Refused

# The port


async def test_http_and_websocket_share_the_port(house: House) -> None:
    client = await house.connect()
    status, headers, body = await client.get("/hi")
    assert (status, json.loads(body)) == (200, {"say": "hi"})
    assert "server" not in headers
    assert "date" in headers
    client.write(client.upgrade())  # on the same connection, after an answered request
    assert (await client.response())[0] == 101
    client.send(TEXT, b"hello")
    assert await client.read() == (TEXT, b"hello")
    assert house.requests[0].header("origin") == "https://chat.example"
    assert house.requests[0].header("x-none") is None
    assert house.peers[0].socket.remote == house.requests[0].remote == client.writer.get_extra_info("sockname")
    assert not house.requests[0].secure


async def test_a_body_over_http_arrives(house: House) -> None:
    client = await house.connect()
    body = json.dumps({"text": "x" * 300_000}).encode()
    client.write(b"POST /long HTTP/1.1\r\nHost: l\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    status, _, answer = await client.response()
    assert (status, answer) == (201, b"300000")


REFUSED_UPGRADES = [
    ({"path": "/nope"}, 404, "not_found"),
    ({"path": "/v1/socket/"}, 404, "not_found"),
    ({"method": "POST"}, 405, "method_not_allowed"),
    ({"Sec_WebSocket_Version": "8"}, 426, "upgrade_required"),
    ({"Sec_WebSocket_Version": None}, 426, "upgrade_required"),
    ({"Sec_WebSocket_Key": None}, 400, "bad_request"),
    ({"Sec_WebSocket_Key": "AAAA"}, 400, "bad_request"),
    ({"Sec_WebSocket_Key": "?" * 24}, 400, "bad_request"),
]


@pytest.mark.parametrize(("request_", "status", "code"), REFUSED_UPGRADES)
async def test_a_wrong_upgrade_makes_nothing(
    house: House, request_: dict[str, str | None], status: int, code: str
) -> None:
    client = await house.connect()
    client.write(client.upgrade(**request_))  # type: ignore[arg-type]
    got, headers, body = await client.response()
    assert (got, json.loads(body)["code"]) == (status, code)
    assert headers["content-type"] == "application/problem+json"
    assert await client.reader.read() == b""
    assert not house.requests
    assert len(house.port.sockets) == 0
    if status == 426:
        assert headers["sec-websocket-version"] == "13"


async def test_a_query_string_does_not_matter(house: House) -> None:
    client = await house.connect()
    client.write(client.upgrade("/v1/socket?a=b"))
    assert (await client.response())[0] == 101


async def test_a_plain_get_of_the_socket_is_told_to_upgrade(house: House) -> None:
    client = await house.connect()
    status, headers, body = await client.get("/v1/socket")
    assert (status, json.loads(body)["code"]) == (426, "upgrade_required")
    assert headers["upgrade"] == "websocket"


async def test_the_listener_factory_may_refuse(house: House) -> None:
    house.refuse_with = Refused(Code.RATE_LIMITED, "slowly", retry_after=2.5)
    client = await house.connect()
    client.write(client.upgrade())
    status, headers, body = await client.response()
    assert (status, headers["retry-after"]) == (429, "3")
    assert json.loads(body)["detail"] == "slowly"
    house.refuse_with = RuntimeError("planted")
    client = await house.connect()
    client.write(client.upgrade())
    status, _, body = await client.response()
    assert (status, json.loads(body)["code"]) == (500, "internal")
    assert b"planted" not in body


async def test_a_full_port_refuses_and_takes_again(start: Start) -> None:
    house = await start(max_connections=1)
    first, peer = await house.socket()
    client = await house.connect()
    client.write(client.upgrade())
    status, headers, body = await client.response()
    assert (status, json.loads(body)["code"], "retry-after" in headers) == (503, "overloaded", True)
    first.writer.close()
    await peer.until("closed")
    await house.socket()


async def test_too_many_http_connections_are_refused(start: Start) -> None:
    house = await start(http_limits=HttpLimits(connections=1))
    first = await house.connect()
    assert (await first.get("/hi"))[0] == 200
    second = await house.connect()
    assert (await second.response())[0] == 503
    await house.port.sockets.gone()


async def test_no_upgrade_while_an_earlier_request_is_unanswered(house: House) -> None:
    client = await house.connect()
    client.write(b"GET /slow HTTP/1.1\r\nHost: l\r\n\r\n" + client.upgrade())
    status, _, body = await client.response()
    assert (status, json.loads(body)["code"]) == (400, "bad_request")
    assert not house.peers


async def test_an_endless_head_is_refused(house: House) -> None:
    client = await house.connect()
    client.write(b"GET /hi HTTP/1.1\r\n")
    with contextlib.suppress(ConnectionError):
        for _ in range(100):
            client.write(b"X-A: " + b"a" * 1000 + b"\r\n")
            await client.writer.drain()
    with contextlib.suppress(ConnectionError):
        assert (await client.response())[0] == 431


@pytest.mark.parametrize("begun", [b"", b"GET /hi HT"])
async def test_a_slow_head_is_cut(start: Start, begun: bytes) -> None:
    house = await start(http_limits=HttpLimits(head_seconds=0.01))
    client = await house.connect()
    client.write(begun)
    with contextlib.suppress(ConnectionError):
        assert await client.reader.read() == b""


async def test_a_slow_second_head_is_cut(start: Start) -> None:
    house = await start(http_limits=HttpLimits(head_seconds=0.5))
    client = await house.connect()
    assert (await client.get("/hi"))[0] == 200
    client.write(b"GET /")
    with contextlib.suppress(ConnectionError):
        assert await client.reader.read() == b""


async def test_nonsense_is_answered_400(house: House) -> None:
    client = await house.connect()
    client.write(b"\x16\x03\x01 nonsense\r\n\r\n")
    assert (await client.response())[0] == 400


# Messages

SIZES = [0, 1, 125, 126, 127, 65535, 65536, 1_900_000]


@pytest.mark.parametrize("size", SIZES)
async def test_a_message_of_any_size_goes_both_ways(house: House, size: int) -> None:
    client, _ = await house.socket()
    payload = os.urandom(size)
    for _ in range(2):  # a second time, to see that a large one leaves the connection whole
        client.send(TEXT, payload)
        assert await client.read() == (TEXT, payload)
        client.send(TEXT, b"small")
        assert await client.read() == (TEXT, b"small")


async def test_bytes_may_come_one_by_one(house: House) -> None:
    client, _ = await house.socket()
    for byte in client.frame(TEXT, b"x" * 200) + client.frame(TEXT, b"y"):
        client.write(bytes((byte,)))
        await client.writer.drain()
        await asyncio.sleep(0)
    assert await client.read() == (TEXT, b"x" * 200)
    assert await client.read() == (TEXT, b"y")


async def test_many_frames_may_come_at_once_and_leave_at_once(house: House) -> None:
    client, peer = await house.socket()
    texts = [b"%d" % number + b"." * (number % 300) for number in range(1000)]
    client.write(b"".join(client.frame(TEXT, text) for text in texts))
    assert [await client.read() for _ in texts] == [(TEXT, text) for text in texts]
    peer.socket.send_many(texts)
    peer.socket.send_many([])
    assert [await client.read() for _ in texts] == [(TEXT, text) for text in texts]


async def test_large_and_small_frames_mixed_stay_in_order(house: House) -> None:
    """Large ones make the server change its parser: nothing may be lost around that."""
    client, _ = await house.socket()
    texts = [bytes((65 + number % 26,)) * (100_000 if number % 7 == 3 else number) for number in range(200)]
    stream = b"".join(client.frame(TEXT, text) for text in texts)

    async def write() -> None:
        for start in range(0, len(stream), 40_001):
            client.write(stream[start : start + 40_001])
            await client.writer.drain()

    writing = asyncio.create_task(write())
    assert [await client.read() for _ in texts] == [(TEXT, text) for text in texts]
    await writing


async def test_the_room_of_a_large_message_is_given_back(house: House) -> None:
    """picows' read buffer grows to twice a large message and stays: 100,000 such sockets would be 400 GB."""
    client, peer = await house.socket()
    reader = peer.socket._transport.get_protocol()
    assert isinstance(reader, Frames)
    client.send(TEXT, b"x" * 1_900_000)
    await client.read()
    assert reader._parser is None
    assert len(reader.get_buffer(-1)) < 64 << 10
    client.write(b"".join(client.frame(TEXT, b"y" * 100) for _ in range(3000)))
    for _ in range(3000):
        await client.read()
    assert reader._parser is None
    assert len(reader.get_buffer(-1)) < 64 << 10


async def test_an_idle_connection_keeps_no_parser(house: House) -> None:
    """Whoever is in the middle of a frame has one to itself; all others share, whatever came over them."""
    spares = house.port.sockets.parsers._spare
    pairs = [await house.socket() for _ in range(20)]
    halves = [Client.frame(TEXT, b"%d" % number * 100) for number in range(len(pairs))]
    for (client, peer), frame in zip(pairs, halves, strict=True):
        client.send(TEXT, b"whole")
        assert await client.read() == (TEXT, b"whole")
        client.write(Client.frame(TEXT, b"first") + frame[:50])
        assert await client.read() == (TEXT, b"first")
        reader = peer.socket._transport.get_protocol()
        assert isinstance(reader, Frames)
        assert reader._parser is not None
        assert reader._parser not in spares
    for number, ((client, _), frame) in enumerate(zip(pairs, halves, strict=True)):
        client.write(frame[50:])
        assert await client.read() == (TEXT, b"%d" % number * 100)
    readers = [peer.socket._transport.get_protocol() for _, peer in pairs]
    assert all(reader._parser is None for reader in readers)  # type: ignore[attr-defined]
    assert 0 < len(spares) <= SPARES


async def test_frames_of_many_connections_are_not_mixed(house: House) -> None:
    pairs = [await house.socket() for _ in range(10)]
    texts = [[b"%d:%d" % (who, number) + b"." * (number * 37 % 700) for number in range(50)] for who in range(10)]
    streams = [b"".join(Client.frame(TEXT, text) for text in each) for each in texts]
    for start in range(0, max(map(len, streams)), 331):
        for (client, _), stream in zip(pairs, streams, strict=True):
            client.write(stream[start : start + 331])
        await asyncio.sleep(0)
    for (client, _), each in zip(pairs, texts, strict=True):
        assert [await client.read() for _ in each] == [(TEXT, text) for text in each]


@pytest.mark.parametrize("last", [b"\x03\xe8", b"\x03\xe8bye", b""])
async def test_a_parser_that_saw_a_close_frame_serves_nobody_else(house: House, last: bytes) -> None:
    for _ in range(3):
        client, peer = await house.socket()
        client.send(TEXT, b"hello")
        assert await client.read() == (TEXT, b"hello")
        client.send(CLOSE, last)
        assert (await client.read())[0] == CLOSE
        await peer.until("closed")


async def test_frames_in_the_segment_of_the_upgrade_are_not_lost(house: House) -> None:
    first = b"".join(Client.frame(TEXT, b"%d" % number + b"." * 400) for number in range(100))
    half = Client.frame(TEXT, b"cut in half")
    client, _ = await house.socket(first + half[:7])
    client.write(half[7:])
    for number in range(100):
        assert await client.read() == (TEXT, b"%d" % number + b"." * 400)
    assert await client.read() == (TEXT, b"cut in half")


async def test_fragments_are_joined_and_control_frames_come_between(house: House) -> None:
    client, peer = await house.socket()
    client.send(TEXT, b"one ", fin=False)
    client.send(PING, b"between")
    client.send(0, b"", fin=False)
    client.send(PONG, b"unasked")
    client.send(0, b"message")
    assert await client.read() == (PONG, b"between")
    assert await client.read() == (TEXT, b"one message")
    assert await peer.told.get() == "opened"
    assert await peer.told.get() == b"one message"
    assert peer.told.empty()


async def test_ping_is_answered_with_its_own_payload(house: House) -> None:
    client, _ = await house.socket()
    for payload in (b"", b"x", b"x" * 125):
        client.send(PING, payload)
        assert await client.read() == (PONG, payload)


# What is refused

SMALL = SocketLimits(message=100_000, linger=5)


@pytest.mark.parametrize("fragmented", [False, True])
async def test_too_long_a_message_closes_with_1009(start: Start, fragmented: bool) -> None:
    house = await start(socket_limits=SMALL)
    client, peer = await house.socket()
    if fragmented:
        client.send(TEXT, b"x" * 60_000, fin=False)
        client.send(0, b"x" * 60_000)
    else:
        client.send(TEXT, b"x" * 100_001)
    for _ in range(10):  # what is still under way must not turn the close into a reset
        client.send(TEXT, b"x" * 30_000)
    assert await client.close_code() == 1009
    await peer.until("closed")


async def test_a_message_of_just_the_limit_passes(start: Start) -> None:
    house = await start(socket_limits=SMALL)
    client, _ = await house.socket()
    client.send(TEXT, b"x" * 50_000, fin=False)
    client.send(0, b"x" * 50_000)
    client.send(TEXT, b"y" * 100_000)
    assert await client.read() == (TEXT, b"x" * 100_000)
    assert await client.read() == (TEXT, b"y" * 100_000)


def wrong(opcode: int, payload: bytes = b"", **options: bool | int) -> bytes:
    return Client.frame(opcode, payload, **options)  # type: ignore[arg-type]


VIOLATIONS = {
    "binary": (wrong(BINARY, b"x"), 1003),
    "a binary fragment": (wrong(BINARY, b"x", fin=False), 1003),
    "unmasked": (wrong(TEXT, b"x", masked=False), 1002),
    "a reserved bit": (wrong(TEXT, b"x", rsv=0x40), 1002),
    "an unknown opcode": (wrong(3, b"x"), 1002),
    "a fragmented ping": (wrong(PING, b"x", fin=False), 1002),
    "a long ping": (wrong(PING, b"x" * 126), 1002),
    "a long close": (wrong(CLOSE, b"\x03\xe8" + b"x" * 124), 1002),
    "a close of one byte": (wrong(CLOSE, b"x"), 1002),
    "a close code that may not be sent": (wrong(CLOSE, (1005).to_bytes(2, "big")), 1002),
    "a continuation of nothing": (wrong(0, b"x"), 1002),
    "a text within a text": (wrong(TEXT, b"x", fin=False) + wrong(TEXT, b"y"), 1002),
    "a length that was not the shortest": (b"\x81\xfe\x00\x05" + b"\0" * 9, 1002),
    "a length beyond 63 bits": (b"\x81\xff" + b"\xff" * 8 + b"\0" * 4, 1002),
}


@pytest.mark.parametrize("name", VIOLATIONS)
async def test_a_violation_is_closed_with_its_code(house: House, name: str) -> None:
    frames, code = VIOLATIONS[name]
    client, peer = await house.socket()
    client.write(frames)
    client.send(TEXT, b"never heard")
    assert await client.close_code() == code
    await peer.until("closed")
    assert peer.closed_times == 1
    client, _ = await house.socket()  # and nobody else is harmed
    client.send(TEXT, b"hello")
    assert await client.read() == (TEXT, b"hello")


async def test_a_listener_that_fails_closes_its_own_socket_with_1011(
    house: House,
) -> None:
    def fail(socket: Socket, payload: bytes) -> None:
        raise RuntimeError("planted")

    client, peer = await house.socket()
    peer.answer = fail
    with structlog.testing.capture_logs() as logged:
        client.send(TEXT, b"x")
        assert await client.close_code() == 1011
        await peer.until("closed")
    assert [line["event"] for line in logged] == ["a socket's listener failed"]


# Ends


async def test_the_peers_close_is_echoed(house: House) -> None:
    client, peer = await house.socket()
    client.send(CLOSE, (3007).to_bytes(2, "big") + b"bye")
    assert await client.close_code() == 3007
    await peer.until("closed")
    client, peer = await house.socket()
    client.send(CLOSE)
    assert await client.read() == (CLOSE, b"")
    await peer.until("closed")
    assert peer.closed_times == 1


async def test_our_close_sends_what_waits_then_code_and_reason(house: House) -> None:
    client, peer = await house.socket()
    peer.socket.send(b"last words")
    peer.socket.close(4001, "reason \u2713" * 40)
    peer.socket.close(4002)
    peer.socket.send(b"too late")
    peer.socket.send_many([b"too late"])
    assert await client.read() == (TEXT, b"last words")
    opcode, payload = await client.read()
    assert (opcode, payload[:2]) == (CLOSE, (4001).to_bytes(2, "big"))
    assert payload[2:].decode().startswith("reason \u2713reason")
    assert 120 < len(payload) <= 125
    client.send(CLOSE, payload[:2])
    assert await client.reader.read() == b""
    client.writer.close()
    await peer.until("closed")
    peer.socket.send(b"harmless")
    peer.socket.close()
    peer.socket.abort()
    assert peer.closed_times == 1


async def test_a_peer_that_never_answers_our_close_is_cut(start: Start) -> None:
    house = await start(socket_limits=SocketLimits(linger=0.01))
    _, peer = await house.socket()
    peer.socket.close()
    await peer.until("closed")


@pytest.mark.parametrize("how", ["reset", "end of stream"])
async def test_a_peer_that_vanishes_is_closed_once(house: House, how: str) -> None:
    client, peer = await house.socket()
    if how == "reset":
        client.writer.transport.abort()
    else:
        client.writer.close()
    await peer.until("closed")
    await house.port.sockets.gone()
    assert peer.closed_times == 1
    assert len(house.port.sockets) == 0


async def test_our_abort_is_closed_once(house: House) -> None:
    client, peer = await house.socket()
    peer.socket.abort()
    await peer.until("closed")
    with contextlib.suppress(ConnectionError):
        assert await client.reader.read() == b""
    assert peer.closed_times == 1


async def test_a_peer_that_does_not_read_pauses_us_and_then_resumes(start: Start) -> None:
    house = await start(socket_limits=SocketLimits(high_water=32 << 10, low_water=8 << 10))
    client, peer = await house.socket()
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    sent = 0
    while not peer.pauses:
        peer.socket.send(b"x" * 8000)
        sent += 1
        await asyncio.sleep(0)
    assert peer.socket.buffered < 48 << 10
    client.send(PING, b"unanswered while it does not read")
    client.writer.transport.resume_reading()  # type: ignore[attr-defined]
    for _ in range(sent):
        opcode, payload = await client.read()
        assert opcode == PONG or payload == b"x" * 8000
    await peer.until("resumed")
    assert peer.socket.buffered <= 8 << 10


async def test_a_closed_socket_needs_no_garbage_collector(house: House) -> None:
    gc.collect()
    gc.disable()
    try:
        client, peer = await house.socket(Client.frame(TEXT, b"x" * 100_000))
        await client.read()
        socket, listener = weakref.ref(peer.socket), weakref.ref(peer)
        client.writer.close()
        await peer.until("closed")
        house.peers.clear()
        house.requests.clear()
        del peer.socket, peer
        # The loop lets go of the transport a turn or two after it has called connection_lost.
        for _ in range(20):
            await asyncio.sleep(0)
        assert listener() is None
        assert socket() is None
    finally:
        gc.enable()


# Stopping


async def test_stop_closes_all_with_1012(house: House) -> None:
    pairs = [await house.socket() for _ in range(20)]
    for _, peer in pairs:
        peer.socket.send(b"bye")
    stopping = asyncio.create_task(house.port.stop(20))
    for client, _ in pairs:
        assert await client.read() == (TEXT, b"bye")
        assert await client.close_code() == 1012
    await stopping
    assert [peer.closed_times for _, peer in pairs] == [1] * 20
    with pytest.raises(ConnectionRefusedError):
        await house.connect()


async def test_stop_cuts_who_does_not_leave_and_waits_for_requests(house: House) -> None:
    _, stubborn = await house.socket()
    client = await house.connect()
    client.write(b"GET /slow HTTP/1.1\r\nHost: l\r\n\r\n")
    await house.held.wait()
    stopping = asyncio.create_task(house.port.stop(0.2))
    await stubborn.until("closed")
    await stopping
    assert stubborn.closed_times == 1
    assert len(house.port.sockets) == 0


async def test_a_request_under_way_is_answered_while_stopping(house: House) -> None:
    client, idle = await house.connect(), await house.connect()
    client.write(b"GET /slow HTTP/1.1\r\nHost: l\r\n\r\n")
    await house.held.wait()
    stopping = asyncio.create_task(house.port.stop(20))
    assert await idle.reader.read() == b""
    house.hold.set()
    assert (await client.response())[0] == 200
    await stopping


async def test_a_draining_port_keeps_its_sockets_and_refuses_new_ones(house: House) -> None:
    client, _ = await house.socket()
    late = await house.connect()
    assert (await late.get("/hi"))[0] == 200
    house.port.drain()
    late.write(late.upgrade())
    status, _, body = await late.response()
    assert (status, json.loads(body)["code"]) == (503, "drain")
    client.send(TEXT, b"still here")
    assert await client.read() == (TEXT, b"still here")


async def test_a_taken_address_is_an_error_of_start(house: House) -> None:
    other = OnePort(Litestar([]), house.listener, port=house.port.port)
    with pytest.raises(OSError, match="in use"):
        await other.start()


async def test_an_application_that_does_not_start_is_an_error_of_start() -> None:
    async def fails() -> None:
        raise RuntimeError("planted")

    port = OnePort(Litestar([], on_startup=[fails]), lambda _: Peer(), port=0)
    with pytest.raises(RuntimeError, match="did not start"):
        await port.start()


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(*make_certificate(tmp_path_factory.mktemp("tls")))


async def test_tls_carries_both(start: Start, certificate: Certificate) -> None:
    house = await start(certificate=certificate, socket_limits=SMALL)
    context = ssl.create_default_context(cafile=str(certificate.chain))
    plain = await house.connect(context)
    assert (await plain.get("/hi"))[0] == 200
    client, peer = await house.socket(Client.frame(TEXT, b"with the upgrade"), context)
    assert house.requests[0].secure
    assert await client.read() == (TEXT, b"with the upgrade")
    for size in (0, 200, 70_000, 90_000, 10):
        client.send(TEXT, b"x" * size)
        assert await client.read() == (TEXT, b"x" * size)
    peer.socket.close(4000)
    assert await client.close_code() == 4000
    await peer.until("closed")
    client, peer = await house.socket(context=context)
    client.send(TEXT, b"x" * 100_001)
    assert await client.close_code() == 1009
    await peer.until("closed")
    client, peer = await house.socket(context=context)
    client.writer.transport.abort()
    await peer.until("closed")
    assert peer.closed_times == 1

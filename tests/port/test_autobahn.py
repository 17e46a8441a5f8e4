"""The cases of the Autobahn test suite that apply here, as it numbers them: control frames, fragments, UTF-8, closing.

Those of binary messages and of compression do not apply: this protocol has neither.
"""

import pytest
from tests.port.house import CLOSE, PING, PONG, TEXT, Client, House

CONTINUATION = 0
GOOD_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
BAD_CODES = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]


def close(code: int, reason: bytes = b"") -> bytes:
    return Client.frame(CLOSE, code.to_bytes(2, "big") + reason)


async def answers(client: Client) -> list[tuple[int, bytes]]:
    """All frames until the end of the stream."""
    got = []
    while not client.reader.at_eof():
        try:
            got.append(await client.read())
        except EOFError:
            break
    client.writer.close()
    return got


@pytest.mark.parametrize("code", GOOD_CODES)
async def test_7_7_a_code_that_may_be_sent_is_echoed(house: House, code: int) -> None:
    client, peer = await house.socket()
    client.write(close(code, b"bye"))
    assert await answers(client) == [(CLOSE, code.to_bytes(2, "big"))]
    await peer.until("closed")


@pytest.mark.parametrize("code", BAD_CODES)
async def test_7_9_a_code_that_may_not_be_sent_is_a_fault(house: House, code: int) -> None:
    client, peer = await house.socket()
    client.write(close(code))
    (frame,) = await answers(client)
    assert (frame[0], frame[1][:2]) == (CLOSE, (1002).to_bytes(2, "big"))
    await peer.until("closed")


@pytest.mark.parametrize(
    ("payload", "code"),
    [(b"", 0), (b"\x03", 1002), (b"\x03\xe8" + b"x" * 123, 1000), (b"\x03\xe8" + b"x" * 124, 1002)],
    ids=["7.3.1", "7.3.2", "7.3.5", "7.3.6"],
)
async def test_7_3_the_payload_of_a_close_frame(house: House, payload: bytes, code: int) -> None:
    client, _ = await house.socket()
    client.write(Client.frame(CLOSE, payload))
    (frame,) = await answers(client)
    assert (frame[0], frame[1][:2]) == (CLOSE, code.to_bytes(2, "big") if code else b"")


async def test_7_5_1_a_reason_that_is_not_utf_8(house: House) -> None:
    client, _ = await house.socket()
    client.write(close(1000, b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"))
    (frame,) = await answers(client)
    assert (frame[0], frame[1][:2]) == (CLOSE, (1007).to_bytes(2, "big"))


@pytest.mark.parametrize("behind", [close(1000), Client.frame(PING, b"x"), Client.frame(TEXT, b"x"), b"\xff" * 20])
@pytest.mark.parametrize("at_once", [True, False])
async def test_7_1_nothing_behind_a_close_frame_is_answered(house: House, behind: bytes, at_once: bool) -> None:
    """7.1.2 to 7.1.4: a second close, a ping, a text."""
    client, peer = await house.socket()
    if at_once:
        client.write(close(1000) + behind)
    else:
        client.write(close(1000))
        assert await client.read() == (CLOSE, b"\x03\xe8")
        client.write(behind)
    assert await answers(client) == ([(CLOSE, b"\x03\xe8")] if at_once else [])
    await peer.until("closed")
    assert peer.closed_times == 1


@pytest.mark.parametrize("behind", [close(1000) * 2, close(4999), Client.frame(PING, b"x")])
async def test_a_close_after_ours_is_not_answered(house: House, behind: bytes) -> None:
    client, peer = await house.socket()
    peer.socket.close(4001)
    client.write(behind)
    assert await answers(client) == [(CLOSE, (4001).to_bytes(2, "big"))]
    await peer.until("closed")


async def test_2_pings_are_answered_in_order_and_pongs_are_not(house: House) -> None:
    client, _ = await house.socket()
    client.write(Client.frame(PONG, b"unasked") + b"".join(Client.frame(PING, b"%d" % n) for n in range(10)))
    client.write(Client.frame(TEXT, b"end"))
    assert [await client.read() for _ in range(11)] == [(PONG, b"%d" % n) for n in range(10)] + [(TEXT, b"end")]


@pytest.mark.parametrize(
    "frames",
    [
        Client.frame(CONTINUATION, b"x"),  # 5.9 to 5.14: nothing was begun
        Client.frame(TEXT, b"x", fin=False) + Client.frame(TEXT, b"y"),  # 5.18: begun twice
        Client.frame(PING, b"x", fin=False),  # 5.1
        Client.frame(PONG, b"x", fin=False),  # 5.2
        Client.frame(CLOSE, b"\x03\xe8", fin=False),
        Client.frame(3, b"x"),  # 4.1
        Client.frame(11, b"x"),  # 4.2
        Client.frame(TEXT, b"x", rsv=0x10),  # 3.1
        Client.frame(PING, b"x", rsv=0x40),  # 3.5
        Client.frame(CLOSE, b"\x03\xe8", rsv=0x20),  # 3.6
    ],
)
async def test_3_4_5_what_breaks_the_framing(house: House, frames: bytes) -> None:
    client, _ = await house.socket()
    client.write(frames)
    assert (await answers(client))[-1][1][:2] == (1002).to_bytes(2, "big")


async def test_5_19_pings_between_fragments(house: House) -> None:
    client, _ = await house.socket()
    parts = [b"a", b"", b"b", b"c"]
    client.send(TEXT, parts[0], fin=False)
    for part in parts[1:-1]:
        client.send(CONTINUATION, part, fin=False)
        client.send(PING, part)
        assert await client.read() == (PONG, part)
    client.send(CONTINUATION, parts[-1])
    assert await client.read() == (TEXT, b"abc")


async def test_every_frame_that_is_no_message_is_told(house: House) -> None:
    """Five are: two pongs, a ping, two parts of a message. The ping that is one too many is not answered."""
    client, peer = await house.socket()
    peer.most_others = 5
    client.send(PONG)
    client.send(PONG)
    client.send(PING, b"one")
    client.send(TEXT, b"a", fin=False)
    client.send(CONTINUATION, b"b")
    client.send(PING, b"one too many")
    client.send(TEXT, b"end")
    assert [await client.read() for _ in range(3)] == [(PONG, b"one"), (TEXT, b"ab"), (TEXT, b"end")]
    assert peer.others == 6


async def test_what_came_before_a_fault_is_heard(house: House) -> None:
    client, peer = await house.socket()
    client.write(Client.frame(TEXT, b"heard") + Client.frame(3, b"x") + Client.frame(TEXT, b"never"))
    assert [frame[0] for frame in await answers(client)] == [TEXT, CLOSE]
    await peer.until("closed")

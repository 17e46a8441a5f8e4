"""Before anybody is known: origins, addresses, heads and bodies that never end, sockets that say nothing."""

import asyncio
import json

import pytest
from prove.attacks.raw import Raw, frame, upgrade
from tests.hostile.crowd import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((), 101),  # no browser
        (("Origin: http://chat.example.org",), 101),
        (("Origin: https://chat.example.org",), 101),  # behind a proxy that ends TLS
        (("Origin: https://CHAT.example.org:443",), 101),
        (("Origin: https://embed.example.org",), 101),
        (("Origin: https://other.example.org:8443",), 101),
        (("Origin: https://public.example.org",), 101),
        (("Origin: https://evil.example.org",), 403),
        (("Origin: http://embed.example.org",), 403),  # allowed by https only
        (("Origin: https://embed.example.org:444",), 403),
        (("Origin: https://chat.example.org.evil.example",), 403),
        (("Origin: https://chat.example.org:8080",), 403),
        (("Origin: null",), 403),
        (("Origin: ",), 403),
        (("Origin: chat.example.org",), 403),
        (("Origin: ftp://chat.example.org",), 403),
        (("Origin: https://chat.example.org", "Origin: https://evil.example.org"), 403),
    ],
)
async def test_origin(town: Town, headers: tuple[str, ...], status: int) -> None:
    raw = await town.raw()
    raw.write(upgrade(*headers))
    head = await raw.head()
    assert int(head.split()[1]) == status
    raw.cut()


async def test_one_address_has_so_many_connections_and_its_neighbours_theirs(town: Town) -> None:
    async with town.talk("connect storm from one address"):
        held: list[Raw] = []
        refused = 0
        for _ in range(150):
            raw = await town.raw()
            raw.write(upgrade("X-Forwarded-For: 203.0.113.7"))
            head = await raw.head()
            if b" 101 " in head:
                held.append(raw)
            else:
                assert b" 429 " in head
                assert b"retry-after" in head
                refused += 1
                raw.cut()
        assert (len(held), refused) == (50, 100)
        neighbour = await town.upgraded("X-Forwarded-For: 203.0.113.8")
        neighbour.cut()
        for raw in held:
            raw.cut()
    # those places are free again
    async with asyncio.timeout(90):
        while True:
            raw = await town.raw()
            raw.write(upgrade("X-Forwarded-For: 203.0.113.7"))
            head = await raw.head()
            raw.cut()
            if b" 101 " in head:
                break


async def test_one_ipv6_house_counts_as_one_address(town: Town) -> None:
    async with town.talk("connect storm from one /64"):
        heads = []
        held = []
        for number in range(60):
            raw = await town.raw()
            held.append(raw)
            raw.write(upgrade(f"X-Forwarded-For: 2001:db8:0:1::{number:x}"))
            heads.append(await raw.head())
        assert sum(b" 429 " in head for head in heads) == 10
        for raw in held:
            raw.cut()


async def test_connect_storm(town: Town) -> None:
    """Connections that come and go at once, in every stage of getting in."""
    async with town.talk("connect storm"):
        for stage in (b"", b"GET ", upgrade()[:-2], upgrade(), upgrade() + frame(b'{"type":"hello"}')):
            raws = await asyncio.gather(*(town.raw() for _ in range(100)))
            for raw in raws:
                raw.write(stage)
            for raw in raws:
                raw.cut()


async def test_those_who_never_come_to_an_end(town: Town) -> None:
    """Slow heads, slow bodies, and sockets that never say hello, all at once: each is given up in its time."""
    async with town.talk("slow heads and bodies, and no hello"):
        heads = [await town.raw() for _ in range(50)]
        for raw in heads:
            raw.write(b"GET /v1/me HTTP/1.1\r\nHost: a\r\n")
        bodies = [await town.raw() for _ in range(50)]
        for raw in bodies:
            raw.write(
                b"POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                b"Content-Length: 60000\r\n\r\n{"
            )
        silent = [await town.upgraded() for _ in range(50)]
        dripping = [asyncio.create_task(drip(heads, b"X-A: b\r\n")), asyncio.create_task(drip(bodies, b" "))]
        ended_heads, ended_bodies, ended_silent = await asyncio.gather(
            *(all_ended(raws) for raws in (heads, bodies, silent))
        )
        for task in dripping:
            task.cancel()
    assert all(b" 200 " not in end for end in ended_heads)
    assert all(b" 408 " in end and b'"code":"idle"' in end for end in ended_bodies)
    assert all(b'"code":"hello_expected"' in end for end in ended_silent)


async def all_ended(raws: list[Raw]) -> list[bytes]:
    """What each had got when the server ended it."""
    return await asyncio.gather(*(raw.end() for raw in raws))


async def drip(raws: list[Raw], data: bytes) -> None:
    """A little, for ever."""
    while True:
        for raw in raws:
            raw.write(data)
        await asyncio.sleep(0.5)


async def test_a_stranger_brings_little(town: Town) -> None:
    """One frame of the full size from anybody who can connect would be memory for the asking."""
    async with town.talk("long frames before hello"):
        raws = [await town.upgraded() for _ in range(50)]
        for raw in raws:
            raw.write(frame(b"x" * 1000, claims=2 << 20) + b"x" * (100 << 10))
        ends = await asyncio.gather(*(raw.end() for raw in raws))
    assert all((1009).to_bytes(2, "big") in end for end in ends)


async def test_many_small_fragments_and_pings_before_hello(town: Town) -> None:
    async with town.talk("fragments before hello"):
        raw = await town.upgraded()
        raw.write(frame(b"a", fin=False) + frame(b"a", 0, fin=False) * 10_000)
        assert b'"code":"hello_expected"' in await raw.end(), "parts count as frames do"


async def test_a_text_that_is_none_is_closed_as_the_protocol_says(town: Town) -> None:
    raw = await town.upgraded()
    raw.write(frame(b"\xff\xfe"))
    assert (await raw.frame())[1][:2] == (1007).to_bytes(2, "big")
    raw.cut()


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b'{"type":"ping"}', "hello_expected"),
        (b'{"type":"hello"}', "unauthenticated"),
        (b'{"type":"hello","token":"' + b"a" * 5000 + b'"}', "unauthenticated"),
        (b'{"type":"hello","ticket":"x"}', "unauthenticated"),
        (b'{"type":"hello","token":"x","cursor":"1"}', "bad_cursor"),
        (b"[" * 60_000, "bad_frame"),
    ],
)
async def test_first_words(town: Town, payload: bytes, code: str) -> None:
    raw = await town.upgraded()
    raw.write(frame(payload))
    assert f'"code":"{code}"'.encode() in await raw.end()


async def test_strangers_requests_are_counted_by_address(town: Town) -> None:
    """Many wrong tokens and many requests without any; another address is not told of it."""

    async def flood(address: str, authorization: str, count: int) -> list[int]:
        raw = await town.raw()
        request = f"GET /v1/me HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {address}\r\n{authorization}\r\n"
        statuses = []
        for _ in range(count):
            raw.write(request.encode())
            head = await raw.head()
            statuses.append(int(head.split()[1]))
            size = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            await raw.reader.readexactly(int(size.split(b":")[1]))
        raw.cut()
        return statuses

    async with town.talk("strangers' requests"):
        statuses = await flood("203.0.113.20", "", 2500)
        assert 429 in statuses
        assert set(statuses) == {401, 429}
        assert set(await flood("203.0.113.20", "Authorization: Bearer x\r\n", 5)) <= {401, 429}
        assert await flood("203.0.113.21", "", 5) == [401] * 5
        assert 429 in await flood("203.0.113.22", "Authorization: Bearer x\r\n", 2500)


async def test_deep_and_odd_bodies(town: Town) -> None:
    token = town.bad[0].token
    for body in (
        b"[" * 60_000,
        b'{"name":"a","x":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"about":' + b"9" * 60_000 + b"}",
        b'{"about":"\xff"}',
        b'{"about":"\\ud800"}',
        b"\x00" * 1000,
        b"NaN",
    ):
        for method, path in (("PATCH", "/v1/me"), ("POST", "/v1/conversations"), ("POST", "/v1/received")):
            raw = await town.raw()
            raw.write(
                f"{method} {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            head, _, document = (await raw.end()).partition(b"\r\n\r\n")
            assert head.split()[1] in (b"400", b"422"), (path, body[:40], head)
            assert json.loads(document)["code"] != "internal"


@pytest.mark.parametrize(("path", "size"), [("/v1/sessions", 65_537), ("/v1/conversations", (2 << 20) + 1)])
async def test_bodies_have_a_most(town: Town, path: str, size: int) -> None:
    for length in (f"Content-Length: {size}\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"):
        raw = await town.raw()
        body = b"x" * size if "Length" in length else b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size)
        raw.write(
            f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {town.bad[0].token}\r\n"
            f"Content-Type: application/json\r\n{length}".encode()
            + body
        )
        assert b" 413 " in await raw.head()
        raw.cut()

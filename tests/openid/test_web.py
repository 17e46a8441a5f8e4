"""The Web as the server asks it: whatever a server elsewhere hands out, it is not brought back."""

import asyncio

import pytest

from chinwag.adapters.web import HttpWeb
from chinwag.ports.web import ANSWER_BYTES, AwayError


@pytest.mark.parametrize(
    ("status", "body", "fails"), [(200, b"{}", False), (302, b"", True), (200, b"x" * (ANSWER_BYTES + 1), True)]
)
async def test_no_cookie_is_kept(status: int, body: bytes, fails: bool) -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).lower())
        writer.write(
            f"HTTP/1.1 {status} So\r\nset-cookie: a=b; path=/\r\nlocation: /x\r\nconnection: close\r\n"
            f"content-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    web = HttpWeb()
    try:
        for _ in range(2):
            if fails:
                with pytest.raises(AwayError):
                    await web.get(url)
            else:
                assert (await web.get(url)).body == body
    finally:
        await web.close()
        server.close()
    assert len(heads) == 2
    assert not [head for head in heads if b"cookie" in head]


async def test_one_that_hangs_keeps_nobody_from_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chinwag.adapters.web.CONNECTIONS", 3)
    monkeypatch.setattr("chinwag.adapters.web.OF_HOST", 2)
    hung = asyncio.Semaphore(0)
    over = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hung.release()
        await over.wait()
        writer.close()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}")
        writer.close()

    servers = [await asyncio.start_server(serve, "127.0.0.1", 0) for serve in (hang, answer)]
    slow, quick = (f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/" for server in servers)
    web = HttpWeb()
    asking = [asyncio.create_task(web.get(slow)) for _ in range(6)]
    try:
        for _ in range(2):
            await hung.acquire()
        for _ in range(3):
            assert (await web.get(quick)).body == b"{}"
        assert hung.locked(), "the others wait for their turn"
    finally:
        over.set()
        await asyncio.gather(*asking, return_exceptions=True)
        await web.close()
        for server in servers:
            server.close()

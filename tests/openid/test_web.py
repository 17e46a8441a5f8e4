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

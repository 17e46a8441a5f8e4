"""The storm's HTTP: a clock that jumps over tokens under way costs an answer, never a send."""

import asyncio

from prove.storm.http_connection import Answer, Asking, HttpConnection

EXPIRED = b'{"code":"token_expired"}'


class _Server:
    """Takes the token `good`, and says of every other one that it has expired."""

    def __init__(self) -> None:
        self.good = "old"
        self.tokens: list[str] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await self._head(reader):
            token = head.partition("Bearer ")[2].partition("\r\n")[0]
            self.tokens.append(token)
            path = head.split(" ", 2)[1].encode()
            status, body = (b"201 Created", path) if token == self.good else (b"401 Unauthorized", EXPIRED)
            writer.write(b"HTTP/1.1 %b\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body))
        writer.close()

    async def _head(self, reader: asyncio.StreamReader) -> str:
        try:
            return (await reader.readuntil(b"\r\n\r\n")).decode()
        except asyncio.IncompleteReadError:
            return ""


async def test_what_was_under_way_when_its_token_expired_is_asked_again_in_order() -> None:
    server = _Server()
    async with await asyncio.start_server(server.answer, "127.0.0.1", 0) as listening:
        connection = await HttpConnection.connect(_url(listening))
        answers: list[Answer | None] = []
        all_there = asyncio.Event()

        def take(answer: Answer | None) -> None:
            answers.append(answer)
            if len(answers) == 3:
                all_there.set()

        held = "old"
        for path in ("/1", "/2", "/3"):
            connection.ask("POST", path, lambda: held, take)
        held = server.good = "new"  # the clock jumps before the server has read anything
        async with asyncio.timeout(60):
            await all_there.wait()
        connection.cut()
    assert [(one.status, one.body) for one in answers if one is not None] == [(201, b"/1"), (201, b"/2"), (201, b"/3")]
    assert server.tokens == ["old"] * 3 + ["new"] * 3


async def test_a_request_of_the_storm_itself_goes_on_with_a_token_that_is_good() -> None:
    server = _Server()
    server.good = "new"
    async with await asyncio.start_server(server.answer, "127.0.0.1", 0) as listening:
        url, tokens = _url(listening), iter(["old", "new", "new"])
        asking = Asking(lambda: url)
        answer = await asking.ask("GET", "/1", lambda: next(tokens))
        asking.close()
    assert answer is not None
    assert answer.status == 201


async def test_who_has_no_other_token_is_told_that_it_has_expired() -> None:
    server = _Server()
    async with await asyncio.start_server(server.answer, "127.0.0.1", 0) as listening:
        url = _url(listening)
        asking = Asking(lambda: url)
        answer = await asking.ask("GET", "/1", lambda: "other")
        asking.close()
    assert answer is not None
    assert (answer.status, answer.body) == (401, EXPIRED)
    assert server.tokens == ["other"]


def _url(listening: asyncio.Server) -> str:
    return f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"

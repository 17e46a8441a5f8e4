"""Requests to addresses that strangers named: nothing of ours is reached, and no answer costs much."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpcore2
import pytest
from tests.push_services.plants import PLANTS
from tests.push_services.test_internet import ODD_FORMS
from tests.support.certificate import make_certificate
from tests.support.push_receiver import PushReceiver, push_receiver

from chinwag.adapters.outgoing import guarded
from chinwag.adapters.outgoing.guarded import ANSWER_BYTES, GuardedWeb, NotAllowed
from chinwag.ports.web import AwayError

PUBLIC: Final = "93.184.215.14"
OTHER_PUBLIC: Final = "2606:4700::6810:84e5"


class Reached(httpcore2.AsyncNetworkBackend):
    """Connects to this machine at `here`, whatever the port; of all else it notes that it would have been reached, and
    that nobody answers."""

    def __init__(self, here: int) -> None:
        self.here = here
        self.dialled: list[str] = []
        self._real = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as the pool calls it
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.dialled.append(host)
        # As the real one would: a name is looked up here, by whoever answers at this moment.
        found = await asyncio.get_running_loop().run_in_executor(None, socket.getaddrinfo, host, port)
        if found[0][4][0] in ("127.0.0.1", "::1"):
            return await self._real.connect_tcp("127.0.0.1", self.here, timeout)
        raise httpcore2.ConnectError("nobody answers")


class Names:
    """What the system's look-up says, call after call; the last for good. Addresses are looked up as ever."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self)

    def __call__(self, host: str, port: int, *rest: Any, **more: Any) -> list[Any]:
        if host != "push.example":
            return self._real(host, port, *rest, **more)
        self.asked += 1
        said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [found for address in said for found in self._real(address, port, *rest, **more)[:1]]


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[PushReceiver]:
    async with push_receiver(tmp_path) as serving:
        yield serving


@asynccontextmanager
async def reaching(
    receiver: PushReceiver, hosts: tuple[str, ...] = ("*",)
) -> AsyncIterator[tuple[GuardedWeb, Reached]]:
    """A guarded web as it is in earnest, and what it reaches."""
    reached = Reached(int(receiver.origin.rpartition(":")[2]))
    web = GuardedWeb(hosts, authorities=receiver.authorities, dialled=reached)
    try:
        yield web, reached
    finally:
        await web.close()


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        [PUBLIC, "127.0.0.1"],
        ["127.0.0.1", PUBLIC],
        [PUBLIC, OTHER_PUBLIC, "::ffff:127.0.0.1"],
        ["10.0.0.1"],
        ["::1"],
        [PUBLIC, "169.254.169.254"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::"],
    ],
)
async def test_a_name_of_which_one_address_is_ours_is_not_connected_to(
    found: list[str], receiver: PushReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    Names(monkeypatch, found)
    async with reaching(receiver) as (web, reached):
        with pytest.raises(AwayError, match="elsewhere than to the Internet"):
            await web.post("https://push.example/x", b"", {})
        assert reached.dialled == []


async def test_a_name_is_looked_up_once_and_the_connection_goes_where_it_led(
    receiver: PushReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(monkeypatch, [PUBLIC, OTHER_PUBLIC], ["127.0.0.1"])
    async with reaching(receiver) as (web, reached):
        with pytest.raises(AwayError):
            await web.post("https://push.example/x", b"", {})
        assert sorted(reached.dialled) == sorted([PUBLIC, OTHER_PUBLIC])
    assert names.asked == 1


@pytest.mark.parametrize("form", [*ODD_FORMS, "127.0.0.1", "10.0.0.1", "localhost"])
async def test_no_form_of_an_address_reaches_this_machine(form: str, receiver: PushReceiver) -> None:
    async with reaching(receiver) as (web, reached):
        with pytest.raises((AwayError, NotAllowed)):
            await web.post(f"https://{form}/x", b"", {})
        assert reached.dialled == []


@pytest.mark.parametrize(
    "url", ["https://[::1]/x", "https://[::ffff:127.0.0.1]/x", "http://push.example/x", "https://push.example:8443/x"]
)
async def test_what_its_words_forbid_is_not_even_looked_up(
    url: str, receiver: PushReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(monkeypatch, [PUBLIC])
    async with reaching(receiver) as (web, reached):
        with pytest.raises(NotAllowed):
            await web.post(url, b"", {})
        assert (names.asked, reached.dialled) == (0, [])


async def test_a_host_that_is_not_on_the_list_is_not_even_looked_up(
    receiver: PushReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(monkeypatch, [PUBLIC])
    async with reaching(receiver, ("other.example",)) as (web, reached):
        with pytest.raises(NotAllowed):
            await web.post("https://push.example/x", b"", {})
        assert (names.asked, reached.dialled) == (0, [])


async def misled(receiver: PushReceiver, monkeypatch: pytest.MonkeyPatch, answers: list[list[str]]) -> bool:
    """Whether a request to the name came to this machine."""
    Names(monkeypatch, *answers)
    async with reaching(receiver) as (web, reached):
        with pytest.raises(AwayError):
            await web.post("https://push.example/x", b"", {})
        return bool({"push.example", "127.0.0.1"} & set(reached.dialled))


REBINDING: Final = [[[PUBLIC], ["127.0.0.1"]], [[PUBLIC, "127.0.0.1"]]]


async def test_no_answer_of_a_strangers_server_for_names_leads_here(
    receiver: PushReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for answers in REBINDING:
        assert not await misled(receiver, monkeypatch, list(answers))


@pytest.mark.parametrize("plant", PLANTS)
async def test_a_planted_fault_is_caught(plant: str, receiver: PushReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    PLANTS[plant](monkeypatch)
    caught = [await misled(receiver, monkeypatch, list(answers)) for answers in REBINDING]
    assert any(caught)


async def test_the_client_dials_by_the_guard_and_asks_for_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certificate is looked at for the name that was asked for, and so is `Host`; a proxy of the environment is
    passed over."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    asked: list[tuple[str | None, bytes]] = []
    chain, private = make_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, private)
    named: list[str | None] = []
    context.sni_callback = lambda _, name, __: named.append(name)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((named[-1], await reader.readuntil(b"\r\n\r\n")))
        writer.write(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\nset-cookie: a=b\r\n\r\n")
        asked.append((named[-1], await reader.readuntil(b"\r\n\r\n")))
        writer.write(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    trusting = ssl.create_default_context(cafile=str(chain))
    trusting.check_hostname = False
    reached = Reached(server.sockets[0].getsockname()[1])

    async def look_up(_: str, __: int) -> list[str]:
        return ["127.0.0.1"]

    monkeypatch.setattr("chinwag.adapters.outgoing.dialling.is_internet", lambda _: True)
    web = GuardedWeb(("push.example",), authorities=trusting, look_up=look_up, dialled=reached)
    try:
        for _ in range(2):
            assert (await web.post("https://push.example/x", b"", {})).status == 201
    finally:
        await web.close()
        server.close()
    assert reached.dialled == ["127.0.0.1"], "the second went by the connection of the first"
    assert [name for name, _ in asked] == ["push.example"] * 2
    assert all(b"host: push.example\r\n" in head.lower() for _, head in asked)
    assert not any(b"cookie" in head.lower() for _, head in asked)


async def test_a_certificate_of_somebody_else_is_not_taken(receiver: PushReceiver) -> None:
    web = GuardedWeb(("*",), dangerous=True)
    try:
        with pytest.raises(AwayError):
            await web.post(f"{receiver.origin}/x", b"", {})
    finally:
        await web.close()


@asynccontextmanager
async def saying(answer: bytes) -> AsyncIterator[str]:
    """The address of a server that says this to each request."""
    heads = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heads
        await reader.readuntil(b"\r\n\r\n")
        heads += 1
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
        assert heads == 1, "a request is sent once"
    finally:
        server.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 307 Elsewhere\r\nlocation: /y\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 301 Elsewhere\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + b"x" * (ANSWER_BYTES + 1),
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 40_000 + b"\r\n",
        b"\x00\xff no HTTP\r\n\r\n",
        b"",
    ],
)
async def test_no_whole_answer_is_one_that_says_so(answer: bytes) -> None:
    web = GuardedWeb(("*",), dangerous=True)
    try:
        async with saying(answer) as url:
            with pytest.raises(AwayError):
                await web.post(url, b"body", {})
    finally:
        await web.close()


async def test_an_answer_that_does_not_come_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded, "WHOLE_SECONDS", 0.2)
    async with push_receiver() as receiver:
        web = GuardedWeb(("*",), dangerous=True)
        over = asyncio.Event()

        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await over.wait()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        try:
            with pytest.raises(AwayError, match="no whole answer"):
                await web.post(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", b"", {})
            assert (await web.post(f"{receiver.origin}/nobody", b"", {})).status == 404, "another is still asked"
        finally:
            over.set()
            await web.close()
            server.close()

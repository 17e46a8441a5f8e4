"""How the client comes to a server and back to it: who sends it away or is not there, its tokens, and its gateways."""

from pathlib import Path

import msgspec
import pytest

from chinwag.client import Client, LoggedOut, Offline, Online
from chinwag.wire.conversations import CurrentCursor
from chinwag.wire.errors import Code, Problem, Refused, problem
from chinwag.wire.frames import Ack, Bye, Error, Hello, Send
from chinwag.wire.gateways import GatewayOption, GatewayOptions
from chinwag.wire.http import AccountSettings, Me, RefreshRequest, SessionTokens

from .conftest import client_of
from .scripted import TALK, ScriptedServer

pytestmark = pytest.mark.asyncio


async def test_bye_is_heeded_and_news_of_the_connection_told(scripted: ScriptedServer) -> None:
    async with client_of(scripted) as client:
        peer = await scripted.peer()
        await peer.welcome()
        updates = client.updates()
        assert await anext(updates) == Online()
        peer.send(Bye("drain", reconnect_after=0.2))
        offline = await anext(updates)
        assert isinstance(offline, Offline)
        assert offline.code == "drain"
        assert offline.retry_in >= 0.2
        await (await scripted.peer()).welcome()
        assert await anext(updates) == Online()


async def test_a_client_that_is_not_let_in_comes_when_it_was_told_to(scripted: ScriptedServer) -> None:
    async with client_of(scripted) as client:
        updates = client.updates()
        peer = await scripted.peer()
        await peer.take(Hello)
        peer.send(Error("overloaded", "later", retryable=True, retry_after=0.2))
        peer.send(Bye("overloaded", reconnect_after=0.2, elsewhere=True))
        offline = await anext(updates)
        assert isinstance(offline, Offline)
        assert offline.code == "overloaded"
        assert offline.retry_in >= 0.2
        await (await scripted.peer()).welcome()
        assert await anext(updates) == Online()


def _tokens(access: str, refresh: str) -> SessionTokens:
    account = Me("1", "ada", "", "", AccountSettings("everyone"), False, 0, 1)
    return SessionTokens(account, "9", access, 1 << 50, refresh, 1 << 51)


async def test_a_lost_answer_to_a_refresh_is_asked_for_with_the_same_attempt(
    scripted: ScriptedServer, tmp_path: Path
) -> None:
    attempts: list[str] = []

    def refresh(body: bytes, _: dict[str, str]) -> tuple[int, SessionTokens | Problem]:
        attempts.append(msgspec.json.decode(body, type=RefreshRequest).attempt)
        if len(attempts) == 1:
            return 503, problem(Refused(Code.UNAVAILABLE))
        return 200, _tokens("access-2", "refresh-2")

    scripted.routes["POST /v1/sessions/refresh"] = refresh
    async with client_of(scripted, tmp_path, expires_in=1.0) as client:
        hello = await (await scripted.peer()).welcome()
        assert hello.token == "access-2"
        assert len(attempts) == 2
        assert attempts[0] == attempts[1]
        assert client.credentials.refresh_token == "refresh-2"
    assert Client.resume(tmp_path).credentials.access_token == "access-2"


async def test_an_expired_token_is_renewed_and_a_revoked_device_hears_of_it(scripted: ScriptedServer) -> None:
    scripted.routes["POST /v1/sessions/refresh"] = lambda _body, _headers: (200, _tokens("access-2", "refresh-2"))
    async with client_of(scripted) as client:
        peer = await scripted.peer()
        await peer.take()
        peer.send(Bye("token_expired"))
        peer = await scripted.peer()
        hello = await peer.welcome()
        assert hello.token == "access-2"
        pending = client.post("hello", conversation=TALK)
        peer.send(Bye("revoked"))
        with pytest.raises(LoggedOut):
            async for _ in client.events():
                pass
        with pytest.raises(LoggedOut):
            await pending.answer()


async def test_it_waits_for_a_server_that_is_not_there(scripted: ScriptedServer) -> None:
    port = int(scripted.url.rpartition(":")[2])
    await scripted.stop()
    async with client_of(scripted) as client:
        pending = client.post("early", conversation=TALK)
        updates = client.updates()
        offline = await anext(updates)
        assert isinstance(offline, Offline)
        assert offline.code == "unreachable"
        scripted.routes["GET /v1/cursor"] = lambda _body, _headers: (200, CurrentCursor("1.0"))
        await scripted.listen(port)
        peer = await scripted.peer()
        await peer.welcome()
        peer.send(Ack((await peer.take(Send)).id, TALK, 1, 5))
        assert (await pending.answer()).number == 1


async def test_a_line_cut_in_the_handshake_is_tried_again(scripted: ScriptedServer) -> None:
    scripted.cut_handshakes = 2
    async with client_of(scripted) as client:
        updates = client.updates()
        for _ in range(2):
            offline = await anext(updates)
            assert isinstance(offline, Offline)
            assert offline.code == "unreachable"
        await (await scripted.peer()).welcome()
        assert await anext(updates) == Online()


async def test_discovery_says_where_to_go_and_is_asked_again_when_sent_away(scripted: ScriptedServer) -> None:
    async with ScriptedServer() as other:
        tickets = iter(("t-1", "t-2"))
        places = iter((other.url, ""))
        scripted.routes["GET /v1/gateways"] = lambda *_: (
            200,
            GatewayOptions([GatewayOption(next(places), next(tickets), 1)]),
        )
        async with client_of(scripted):
            peer = await other.peer()
            hello = await peer.welcome()
            assert (hello.ticket, hello.token) == ("t-1", "")
            peer.cut()  # the same gateway again, without asking anybody
            peer = await other.peer()
            hello = await peer.welcome()
            assert (hello.ticket, hello.token) == ("", "access-1")
            peer.send(Bye(Code.DRAIN, 0.01, True))
            peer = await scripted.peer()
            hello = await peer.welcome()
            assert (hello.ticket, hello.token) == ("t-2", "")
    assert scripted.asked.count("GET /v1/gateways") == 2

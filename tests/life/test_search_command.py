"""`chinwag search`, and the chat's `/search` and `/mentions`, with a running server."""

import asyncio
from pathlib import Path

import msgspec
from tests.life.commands import Ran, chinwag
from tests.support.people import Crowd

from chinwag.domain.body import Text
from chinwag.domain.ids import ClientId
from chinwag.domain.index_status import IndexStatus
from chinwag.wire.frames import Ack, Send


async def until_whole(data: Path, folder: Path, messages: int) -> IndexStatus:
    """The status, once so many messages can be found and nothing waits."""
    async with asyncio.timeout(60):
        while True:
            ran = await chinwag("search", "status", "--json", "--data-path", data, folder=folder)
            assert ran.code == 0, ran.said
            status = msgspec.json.decode(ran.out, type=IndexStatus)
            if status.whole and not status.behind and status.messages == messages:
                return status
            await asyncio.sleep(0.3)


async def test_the_index_is_shown_and_made_anew(crowd: Crowd, tmp_path: Path) -> None:
    ann, ben = await crowd.people("ann", "ben")
    for number in range(3):
        answer = await ann.ask(Send(ClientId(f"m{number}"), Text("not to be shown"), to=ben.account))
        assert isinstance(answer, Ack)
    data = crowd.process.data
    status = await until_whole(data, tmp_path, 3)
    assert status.read_at > 0
    ran: Ran = await chinwag("search", "rebuild", "--data-path", data, folder=tmp_path)
    assert ran.code == 0, ran.said
    assert "3 messages can be found; that is all" in ran.out
    assert "not to be shown" not in ran.said
    ran = await chinwag("search", "status", "--data-path", data, folder=tmp_path)
    assert ran.out.strip() == "3 messages can be found; that is all"
    ran = await chinwag("status", "--data-path", data, folder=tmp_path, COLUMNS="200")
    assert "3 messages can be found; that is all" in ran.out
    ran = await chinwag("status", "--json", "--data-path", data, folder=tmp_path)
    assert msgspec.json.decode(ran.out)["search"] == msgspec.to_builtins(await until_whole(data, tmp_path, 3))


async def test_without_a_server_that_is_told(tmp_path: Path) -> None:
    ran = await chinwag("search", "status", "--data-path", tmp_path, folder=tmp_path)
    assert ran.code == 1
    assert "no server runs" in ran.err


async def test_what_is_missing_is_made_at_the_start(crowd: Crowd, tmp_path: Path) -> None:
    ann, ben = await crowd.people("ann", "ben")
    assert isinstance(await ann.ask(Send(ClientId("one"), Text("a word"), to=ben.account)), Ack)
    data = crowd.process.data
    await until_whole(data, tmp_path, 1)
    await crowd.process.kill()
    for path in data.glob("search.sqlite*"):
        path.unlink()
    await crowd.process.start()
    await until_whole(data, tmp_path, 1)

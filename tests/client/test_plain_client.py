"""A client of one page, written from the protocol's document alone, talks with a real server."""

import asyncio
import inspect
import sys
from pathlib import Path

import pytest
from examples import plain_client
from examples.plain_client import PlainClient, RefusedError
from prove.process import ServerProcess

pytestmark = pytest.mark.asyncio
PASSWORD = "correct horse battery"


def joined(process: ServerProcess, folder: Path, name: str) -> PlainClient:
    client = PlainClient(process.url, folder / f"{name}.cursor")
    client.sign_up(name, PASSWORD)
    client.log_in(name, PASSWORD)
    return client


def texts(events: list[dict]) -> list[str]:  # type: ignore[type-arg]
    return [event["body"]["text"] for event in events if event["kind"] == "message"]


def talk(process: ServerProcess, folder: Path) -> tuple[PlainClient, PlainClient, str]:
    ada, ben = joined(process, folder, "ada"), joined(process, folder, "ben")
    assert ada.find("BEN") == ben.account
    conversation = ada.direct(ben.account)
    assert conversation == ben.direct(ada.account)
    assert ada.send(conversation, "hello", "one") == 1
    assert ada.send(conversation, "hello", "one") == 1, "a retry makes no second one"
    with pytest.raises(RefusedError) as refused:
        ada.send(conversation, "something else", "one")
    assert (refused.value.code, refused.value.retryable) == ("id_reused", False)
    assert texts(ben.poll()) == ["hello"]
    assert ben.send(conversation, "hello yourself") == 2
    heard: list[str] = []
    while len(heard) < 2:
        heard += texts(ada.poll())
    assert heard == ["hello", "hello yourself"]
    while "hello yourself" not in texts(ben.poll()):
        pass
    return ada, ben, conversation


async def test_two_of_them_talk_and_miss_nothing_over_a_kill(process: ServerProcess, tmp_path: Path) -> None:
    await process.start()
    ada, ben, conversation = await asyncio.to_thread(talk, process, tmp_path)
    polling = asyncio.create_task(asyncio.to_thread(ben.poll))
    await process.kill()
    await process.start()
    ada.url = ben.url = process.url
    assert await asyncio.to_thread(ada.send, conversation, "still there?", "three") == 3
    said = texts(await polling)
    while not said:
        said = texts(await asyncio.to_thread(ben.poll))
    assert said == ["still there?"]
    assert await asyncio.to_thread(ada.send, conversation, "still there?", "three") == 3
    # A cursor that leads nowhere: everything is loaded afresh, and events go on.
    ben.heard.clear()
    ben.place.write_text("7.1")
    assert await asyncio.to_thread(ben.poll) == []
    assert sorted(ben.heard) == [(conversation, number) for number in (1, 2, 3)]
    await asyncio.to_thread(ada.send, conversation, "four")
    assert texts(await asyncio.to_thread(ben.poll)) == ["four"]
    ada._access = "worn out"
    with pytest.raises(RefusedError) as refused:
        await asyncio.to_thread(ada.find, "ben")
    assert refused.value.code == "unauthenticated"
    await asyncio.to_thread(ada._renew)
    assert await asyncio.to_thread(ada.find, "ben") == ben.account


async def test_it_imports_nothing_of_ours() -> None:
    lines = inspect.getsource(plain_client).splitlines()
    named = {line.split()[1] for line in lines if line.startswith(("import ", "from "))}
    assert {name.partition(".")[0] for name in named} <= sys.stdlib_module_names

"""How a group works, told and changed in `chinwag chat`, through pipes, with a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prove.process import ServerProcess

from chinwag.client import Client
from chinwag.wire.values import GroupSettings

from .terminals import PASSWORD, Pipes

pytestmark = pytest.mark.asyncio


@pytest.fixture
def process(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server whose groups have two members, and those that may be large three."""
    bounds = {"CHINWAG_LIMITS_GROUP_MEMBERS": "2", "CHINWAG_LIMITS_LARGE_GROUP_MEMBERS": "3"}
    server = ServerProcess(tmp_path / "data", environment=bounds)
    yield server
    server.end()
    print(server.log())


async def _chats(process: ServerProcess, tmp_path: Path) -> tuple[Pipes, Pipes]:
    """ada, who owns a group, and bob, who is in it; both have it open. cleo and dan are there to be added."""
    await process.start()
    for name in ("cleo", "dan"):
        await (await Client.sign_up(process.url, name, PASSWORD)).close()
    chats = []
    for name in ("bob", "ada"):
        chat = await Pipes.open(tmp_path / name, "--server", process.url, "--name", name, "--sign-up")
        await chat.sees("No conversations yet")
        chats.append(chat)
    bob, ada = chats
    ada.type("/new tea bob")
    await ada.sees("── #tea")
    await bob.sees("• #tea")
    bob.type("/open #tea")
    await bob.sees("── #tea")
    return ada, bob


async def _settings(process: ServerProcess) -> GroupSettings:
    """Those of the only group, as the server gives them now."""
    async with await Client.log_in(process.url, "ada", PASSWORD) as client:
        (group,) = (await client.conversations()).conversations
        return group.settings


async def test_its_owner_lets_a_group_be_large_as_far_as_the_server_allows(
    process: ServerProcess, tmp_path: Path
) -> None:
    ada, bob = await _chats(process, tmp_path)
    ada.type("/add cleo")
    await ada.sees("as many members as the server allows. (at most 2 members) /settings large on lets it have more")
    ada.type("/settings large on")
    await bob.sees("ada changed the settings: people are added, new members read from the beginning, it may have very")
    await ada.sees("It may have very many members, as far as this server allows.")
    ada.type("/settings LARGE ON")
    await ada.sees("It is so already.")
    ada.type("/add cleo")
    await bob.sees("ada added cleo")
    ada.type("/add dan")
    await ada.sees(
        "as many members as the server allows. (at most 3 members) It may be large, but no larger on this server."
    )
    ada.type("/role bob admin")
    await bob.sees("ada made bob an admin")
    bob.type("/settings large off")
    await bob.sees("! Only its owner says whether a group may be large")
    bob.type("/settings slow 30")
    await ada.sees("members write once in 30 s, it may have very many members")
    assert (await ada.leave(), await bob.leave()) == (1, 1)
    assert await _settings(process) == GroupSettings(large=True, slow=30)


async def test_who_writes_is_changed_and_told_and_a_wrong_value_is_taught(
    process: ServerProcess, tmp_path: Path
) -> None:
    ada, bob = await _chats(process, tmp_path)
    bob.type("/settings write admins")
    await bob.sees("! Only its owner and its admins change how a group works.")
    ada.type("/settings write admins")
    await bob.sees(", only admins write")
    bob.type("may I?")
    await bob.sees("! Not sent")
    ada.type("/settings")
    await ada.sees("write admins")
    await ada.sees("large off")
    await ada.sees("history all")
    for wrong, taught in (
        ("write", "/settings write admins or /settings write members"),
        ("write everybody", "/settings write admins or"),
        ("large on now", "/settings large on or /settings large off"),
        ("slow 3601", "/settings slow SECONDS, from 0 to 3600"),
        ("slow " + "9" * 5000, "/settings slow SECONDS"),
        ("slow -1", "/settings slow SECONDS"),
        ("title tea", "There is no setting title: /settings lists them."),
    ):
        ada.type(f"/settings {wrong}")
        await ada.sees(f"! {taught}")
    ada.type("/open bob")
    await ada.sees("── bob")
    ada.type("/settings")
    await ada.sees("! Only groups have settings.")
    assert (await ada.leave(), await bob.leave()) == (1, 1)
    assert await _settings(process) == GroupSettings(write="admins")

"""The client and the echo bot with a real server process."""

import asyncio
from pathlib import Path

import pytest
from examples.echo_bot import echo
from prove.process import ServerProcess

from chinwag.client import Client, Mirror, load, take
from chinwag.wire.values import AccountId, Message, Role, Text, direct_id

from .relay import Relay

pytestmark = pytest.mark.asyncio
PASSWORD = "correct horse battery"


async def test_the_echo_bot_echoes_once_also_over_a_restart(process: ServerProcess, tmp_path: Path) -> None:
    await process.start()
    account = await Client.sign_up(process.url, "echo", PASSWORD, store=tmp_path / "bot")
    bot = account.account
    await account.close()
    async with await Client.sign_up(process.url, "ada", PASSWORD) as ada:
        running = asyncio.create_task(echo(process.url, "echo", PASSWORD, tmp_path / "bot"))
        first = await ada.send("hello", to=bot)
        answer = await _answer(ada, bot, first.number)
        assert answer.body == Text("hello")
        running.cancel()
        await asyncio.wait({running})
        second = await ada.send("are you there?", to=bot)
        running = asyncio.create_task(echo(process.url, "echo", PASSWORD, tmp_path / "bot"))
        assert (await _answer(ada, bot, second.number)).body == Text("are you there?")
        running.cancel()
        await asyncio.wait({running})
        history = (await ada.history(direct_id(ada.account, bot))).events
        assert [event.sender for event in history] == [ada.account, bot, ada.account, bot]


async def _answer(client: Client, sender: AccountId, number: int) -> Message:
    async with asyncio.timeout(90):
        async for event in client.events():
            if isinstance(event, Message) and event.sender == sender and event.reply_to == number:
                return event
    raise AssertionError("the client was closed")


async def test_mirrors_kept_and_loaded_agree_after_a_kill_of_the_server(process: ServerProcess) -> None:
    await process.start()
    async with Relay(lambda: process.url) as relay:
        ada = await Client.sign_up(relay.url, "ada", PASSWORD)
        bob = await Client.sign_up(relay.url, "bob", PASSWORD)
        async with ada, bob:
            kept = Mirror(ada.account)
            await load(kept, ada)
            group = (await ada.create_group("lunch", [bob.account])).conversation
            await ada.set_role(group, bob.account, Role.ADMIN)
            handles = [ada.post(f"message {n}", conversation=group) for n in range(20)]
            assert [(await handle.answer()).number for handle in handles] == list(range(3, 23))
            await process.kill()
            late = bob.post("sent into the dark", conversation=group)
            await process.start()
            await bob.rename(group, "dinner")
            last = await bob.send("the end", conversation=group)
            assert (await late.answer()).number == 23
            async with asyncio.timeout(60):
                async for event in ada.events():
                    await take(kept, ada, event)
                    if isinstance(event, Message) and event.number == last.number:
                        break
            loaded = Mirror(ada.account)
            await load(loaded, ada)
            own = {group: list(range(3, 23))}
            assert kept.comparable(own) == loaded.comparable(own)
            assert kept.conversations[group].title == "dinner"
            assert kept.conversations[group].unread == 2

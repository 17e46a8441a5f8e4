"""The client, the echo bot and the terminal chat with a real server process."""

import asyncio
import os
import sys
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
    async with asyncio.timeout(30):
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


class Terminal:
    """`chinwag chat` with pipes for a terminal."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def open(cls, url: str, home: Path, *flags: str) -> "Terminal":
        """Start it, with log-ins kept below `home`."""
        environment = os.environ | {"XDG_CONFIG_HOME": str(home), "CHINWAG_PASSWORD": PASSWORD, "NO_COLOR": ""}
        return cls(
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "chinwag.cli", "chat", "--server", url, *flags),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=environment,
            )
        )

    def type(self, line: str) -> None:
        """A line and Enter."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")

    async def sees(self, text: str) -> str:
        """Read until a line has `text`; that line."""
        assert self._process.stdout is not None
        seen = []
        try:
            async with asyncio.timeout(30):
                while line := (await self._process.stdout.readline()).decode():
                    seen.append(line)
                    assert "\x1b" not in line
                    if text in line:
                        return line
        except TimeoutError:
            pass
        raise AssertionError(f"never saw {text!r} in:\n{''.join(seen)}")

    async def leave(self) -> int:
        """End the input; the exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        async with asyncio.timeout(40):
            return await self._process.wait()


async def test_two_people_talk_in_terminals(process: ServerProcess, tmp_path: Path) -> None:
    await process.start()
    ada = await Terminal.open(process.url, tmp_path / "ada", "--name", "ada", "--sign-up")
    await ada.sees("You are ada")
    bob = await Terminal.open(process.url, tmp_path / "bob", "--name", "bob", "--sign-up")
    await bob.sees("No conversations yet")
    await ada.sees("No conversations yet")
    ada.type("/open bob")
    ada.type("hello, bob")
    await ada.sees("you: hello, bob  ✓")
    await bob.sees("• ada (1 new) hello, bob")
    bob.type("/open ada")
    await bob.sees("ada: hello, bob")
    await ada.sees("bob has read it")
    bob.type("\x1b[2J hello \u202eada")
    await ada.sees("bob: ␛[2J hello ⟨U+202E⟩ada")
    ada.type("/new team bob")
    await ada.sees("ada began “team” with bob")
    ada.type("//not a command")
    await bob.sees("• #team (1 new) ada: /not a command")
    bob.type("/open #team")
    bob.type("/rename mine")
    await bob.sees("! Your role in the conversation does not allow that.")
    bob.type("/leave")
    await ada.sees("bob left")
    assert await bob.leave() == 0
    ada.type("/log-out")
    await ada.sees("Logged out.")
    assert await ada.leave() == 0
    again = await Terminal.open(process.url, tmp_path / "bob")
    await again.sees("#team (you are out)")
    assert await again.leave() == 0


async def test_a_missing_server_is_told_in_words(tmp_path: Path) -> None:
    alone = await Terminal.open("http://127.0.0.1:9", tmp_path, "--name", "ada")
    await alone.sees("Start one with `chinwag serve`")
    assert await alone.leave() == 1

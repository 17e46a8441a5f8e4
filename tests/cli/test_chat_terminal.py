"""`chinwag chat` on a terminal of its own: what a person sees on it, also while a line is being edited."""

from pathlib import Path

import pytest
from prove.process import ServerProcess
from tests.client.relay import Relay
from tests.life.commands import chinwag

from chinwag.client import Client
from chinwag.wire.values import AccountId

from .terminals import PASSWORD, Terminal

pytestmark = pytest.mark.asyncio


async def _friend(process: ServerProcess) -> Client:
    """bob, whom ada's terminal talks with."""
    return await Client.sign_up(process.url, "bob", PASSWORD)


async def _terminal(process: ServerProcess, home: Path, encoding: str = "utf-8", **variables: str) -> Terminal:
    """ada's terminal, in the conversation with bob."""
    await (await Client.sign_up(process.url, "ada", PASSWORD)).close()
    terminal = await Terminal.open(
        home, "--server", process.url, "--name", "ada", encoding=encoding, variables=variables
    )
    await terminal.sees("Do you have an account there as ada? [Y/n]")
    terminal.type("\r")
    await terminal.sees("No conversations yet")
    terminal.type("/open bob\r")
    await terminal.sees("bob>")
    return terminal


async def _say(bob: Client, *texts: str) -> None:
    ada = await bob.find_user("ada")
    assert ada is not None
    for text in texts:
        await bob.send(text, to=AccountId(ada.id))


async def test_signing_up_talking_and_leaving(process: ServerProcess, tmp_path: Path) -> None:
    await process.start()
    async with await _friend(process) as bob:
        terminal = await Terminal.open(tmp_path, variables={"CHINWAG_PASSWORD": ""})
        await terminal.sees("Server [http://127.0.0.1:8420]:")
        terminal.type("ws://127.0.0.1\r")
        await terminal.sees("! 'ws://127.0.0.1' is no address of a server")
        terminal.type(f"{process.url}\r")
        await terminal.sees("Your name:")
        terminal.type("anna\r")
        await terminal.sees("Do you have an account there as anna? [Y/n]")
        terminal.type("n\r")
        await terminal.sees("Password (not shown):")
        terminal.type(f"{PASSWORD}\r")
        await terminal.sees(f"You are anna at {process.url}. /help lists the commands.")
        terminal.type("/open bob\r")
        await terminal.sees("bob>")
        terminal.type("Hello Bob\r")
        await terminal.sees("you: Hello Bob  ✓")
        rows = terminal.rows
        assert sum("Hello Bob" in row for row in rows) == 1  # what was typed came back as the message
        assert not any(PASSWORD in row for row in rows)
        anna = await bob.find_user("anna")
        assert anna is not None
        await bob.send("Hello Anna", to=AccountId(anna.id))
        await terminal.sees("bob: Hello Anna")
        terminal.type("/quit\r")
        assert await terminal.ended() == 0


async def test_what_comes_while_a_line_is_edited_in_its_middle_leaves_it_whole(
    process: ServerProcess, tmp_path: Path
) -> None:
    await process.start()
    async with await _friend(process) as bob:
        terminal = await _terminal(process, tmp_path)
        typed = "a long line that takes more than one row of the terminal, as it goes on and on; and good 界界"
        terminal.type(typed)
        await terminal.until(lambda rows: "good" in rows[-1])
        terminal.type("\x01" + "\x1b[C" * 2)  # to the beginning, and two to the right
        await _say(bob, "first", "second", "third\nof three\nrows")
        await terminal.sees("        rows")
        terminal.type("very, very ")
        rows = await terminal.until(lambda rows: any("a very, very long line" in row for row in rows))
        prompt = next(number for number, row in enumerate(rows) if row.startswith("bob>"))
        shown = "".join([*(row.ljust(80) for row in rows[prompt:-1]), rows[-1]])
        assert shown.replace("界 ", "界") == "bob> " + typed.replace("a long", "a very, very long")
        assert [row.split()[-1] for row in rows[prompt - 5 : prompt]] == ["first", "second", "third", "three", "rows"]
        terminal.type("\r")
        await terminal.sees("✓")
        history = (await bob.history((await bob.conversations()).conversations[0].id)).events
        assert getattr(history[-1].body, "text", "").startswith("a very, very long line")  # type: ignore[union-attr]
        assert await terminal.left() == 0


async def test_a_padded_text_begins_no_row_at_the_margin(process: ServerProcess, tmp_path: Path) -> None:
    await process.start()
    async with await _friend(process) as bob:
        terminal = await _terminal(process, tmp_path)
        await _say(bob, "hello" + " " * 150 + "00:00 you: I owe bob money", "\x1b[2J\u202ethe end")
        rows = await terminal.sees("the end")
        forged = [row for row in rows if "I owe bob money" in row]
        assert forged
        assert all(row.startswith("        ") for row in forged)
        assert any("␛[2J⟨U+202E⟩the end" in row for row in rows)
        assert await terminal.left() == 0


async def test_a_terminal_of_latin_1(process: ServerProcess, tmp_path: Path) -> None:
    """Signs that it does not have are spelt; names are whole, and words are what was typed."""
    await process.start()
    async with await _friend(process) as bob:
        terminal = await _terminal(process, tmp_path, encoding="iso-8859-1", PYTHONIOENCODING="iso-8859-1")
        terminal.type("caf\xe9\r")
        await terminal.sees("you: caf\xe9  v")
        await _say(bob, "✓ “na\xefve” 😀 :smile: …")
        await terminal.sees('bob: v "na\xefve" <U+1F600> :smile: ...')
        assert await terminal.left() == 0
        history = (await bob.history((await bob.conversations()).conversations[0].id)).events
        assert getattr(history[0].body, "text", "") == "caf\xe9"  # type: ignore[union-attr]


@pytest.mark.parametrize("term", ["dumb", ""])
async def test_a_terminal_that_cannot_move_its_cursor(process: ServerProcess, tmp_path: Path, term: str) -> None:
    await process.start()
    async with await _friend(process) as bob:
        terminal = await _terminal(process, tmp_path, TERM=term)
        terminal.type("hello\r")
        await terminal.sees("you: hello  ✓")
        await _say(bob, "hi", "x" * 100)
        await terminal.sees("        x")
        assert b"\x1b" not in terminal.raw
        assert await terminal.left() == 0


async def test_a_byte_that_is_no_character_is_told(process: ServerProcess, tmp_path: Path) -> None:
    await process.start()
    async with await _friend(process):
        terminal = await _terminal(process, tmp_path)
        terminal.type(b"caf\xe9 x\r")
        await terminal.sees("! Not sent: That was not UTF-8.")
        terminal.type("caf\xe9\r")
        await terminal.sees("you: caf\xe9  ✓")
        terminal.type("\x03")
        assert await terminal.ended() == 0


async def test_many_pasted_rows_are_one_text(process: ServerProcess, tmp_path: Path) -> None:
    await process.start()
    async with await _friend(process) as bob:
        terminal = await _terminal(process, tmp_path)
        terminal.type("\x1b[200~one\ntwo\x1b[201~\r")
        await terminal.sees("        two")
        history = (await bob.history((await bob.conversations()).conversations[0].id)).events
        assert getattr(history[0].body, "text", "") == "one\ntwo"  # type: ignore[union-attr]
        assert await terminal.left() == 0


async def test_somebody_who_is_logged_out_is_asked_to_log_in_again(process: ServerProcess, tmp_path: Path) -> None:
    await process.start()
    async with await _friend(process):
        terminal = await _terminal(process, tmp_path)
        ran = await chinwag("user", "revoke", "ada", "--data-path", process.data, folder=tmp_path)
        assert ran.code == 0, ran.said
        await terminal.sees("log in again")
        await terminal.sees(f"Log in again as ada at {process.url}.")
        await terminal.until(lambda rows: rows[-1].startswith("Do you have an account there as ada? [Y/n]"))
        terminal.type("\r")
        await terminal.until(lambda rows: sum("You are ada" in row for row in rows) == 2)
        terminal.type("/open bob\r")
        await terminal.until(lambda rows: rows[-1].startswith("bob>"))
        terminal.type("back\r")
        await terminal.sees("you: back  ✓")
        assert await terminal.left() == 0


async def test_a_new_data_folder_is_a_new_account(process: ServerProcess, tmp_path: Path) -> None:
    """The device that the terminal kept is of a server that is no more; it asks instead of giving up."""
    await process.start()
    serving = process
    async with Relay(lambda: serving.url) as relay:
        await (await Client.sign_up(process.url, "ada", PASSWORD)).close()
        terminal = await Terminal.open(tmp_path, "--server", relay.url, "--name", "ada")
        await terminal.sees("Do you have an account there as ada? [Y/n]")
        terminal.type("\r")
        await terminal.sees("No conversations yet")
        assert await terminal.left() == 0
        serving = ServerProcess(tmp_path / "fresh")
        try:
            await serving.start()
            for _ in range(2):  # at every start, until it has worked
                terminal = await Terminal.open(tmp_path, "--name", "ada")
                await terminal.sees(f"Log in again as ada at {relay.url}.")
                await terminal.sees("Do you have an account there as ada? [Y/n]")
                terminal.type("\x03")
                assert await terminal.ended() == 0
            terminal = await Terminal.open(tmp_path, "--name", "ada")
            await terminal.sees("Do you have an account there as ada? [Y/n]")
            terminal.type("n\r")
            await terminal.sees("No conversations yet")
            assert await terminal.left() == 0
        finally:
            serving.end()

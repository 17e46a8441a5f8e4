"""`chinwag chat` through pipes, with a real server: what is not sent is told, and is in the exit code."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
from prove.process import ServerProcess
from tests.client.relay import Relay
from tests.life.commands import chinwag

from chinwag.client import Client
from chinwag.wire.values import AccountId, GroupSettings, Text

from .terminals import PASSWORD, Pipes, environment, piped

pytestmark = pytest.mark.asyncio


async def _texts(process: ServerProcess, reader: str, other: str) -> list[str]:
    """What the direct conversation of two holds, as `reader` reads it."""
    async with await Client.log_in(process.url, reader, PASSWORD) as client:
        found = await client.find_user(other)
        assert found is not None
        page = await client.conversations()
        view = next(one for one in page.conversations if AccountId(found.id) in [m.account for m in one.members])
        texts: list[str] = []
        after = 0
        while events := (await client.history(view.id, after=after, limit=100)).events:
            texts += [event.body.text for event in events]  # type: ignore[union-attr]
            after = events[-1].number
        return texts


async def _people(process: ServerProcess, *names: str) -> None:
    await process.start()
    for name in names:
        await (await Client.sign_up(process.url, name, PASSWORD)).close()


async def test_two_people_talk(process: ServerProcess, tmp_path: Path) -> None:
    await process.start()
    ada = await Pipes.open(tmp_path / "ada", "--server", process.url, "--name", "ada", "--sign-up")
    await ada.sees("You are ada")
    bob = await Pipes.open(tmp_path / "bob", "--server", process.url, "--name", "bob", "--sign-up")
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
    assert await bob.leave() == 1  # a command was refused
    ada.type("/log-out")
    await ada.sees("Logged out.")
    assert await ada.leave() == 0
    again = await Pipes.open(tmp_path / "bob", "--server", process.url)
    await again.sees("#team (you are out)")
    assert await again.leave() == 0


async def test_who_is_added_to_a_group_and_spoken_to_at_once_is_shown_all(
    process: ServerProcess, tmp_path: Path
) -> None:
    await _people(process, "bob")
    chat = await Pipes.open(tmp_path, "--server", process.url, "--name", "bob")
    await chat.sees("No conversations yet")
    async with await Client.sign_up(process.url, "ada", PASSWORD) as ada:
        bob = await ada.find_user("bob")
        assert bob is not None
        group = (await ada.create_group("early")).conversation
        for n in range(5):
            ada.post(f"before {n}", conversation=group)
        await ada.add(group, AccountId(bob.id))
        handles = [ada.post(f"line {n}", conversation=group) for n in range(10)]
        for handle in handles:
            await handle.answer()
    for n in range(10):
        await chat.sees(f"ada: line {n}")
    assert await chat.leave() == 0


async def test_announcements_are_shown(process: ServerProcess, tmp_path: Path) -> None:
    await _people(process, "bob")
    chat = await Pipes.open(tmp_path, "--server", process.url, "--name", "bob")
    await chat.sees("No conversations yet")
    said = await chinwag("announce", "Tonight\nat ten", "--data-path", process.data, folder=tmp_path)
    assert said.code == 0, said.said
    assert "* The server says: Tonight" in await chat.sees("The server says")
    assert await chat.sees("at ten") == "        at ten\n"
    chat.type("/announcements")
    await chat.sees(": Tonight")
    assert await chat.leave() == 0


async def test_messages_are_found(process: ServerProcess, tmp_path: Path) -> None:
    await _people(process, "bob")
    chat = await Pipes.open(tmp_path, "--server", process.url, "--name", "bob")
    await chat.sees("No conversations yet")
    async with await Client.sign_up(process.url, "ada", PASSWORD) as ada:
        bob = await ada.find_user("bob")
        assert bob is not None
        await ada.send("the weather is fine", to=AccountId(bob.id))
        await ada.send(Text("call me", mentions=(AccountId(bob.id),)), to=AccountId(bob.id))
        async with asyncio.timeout(60):
            while True:
                found = await ada.search("weather fin")
                if found.indexed_up_to is None:
                    break
                await asyncio.sleep(0.3)
        assert [getattr(hit.message, "number", 0) for hit in found.hits] == [1]
        assert [(one.start, one.end) for one in (await ada.search("fine")).hits[0].ranges] == [(15, 19)]
        assert (await ada.search('"weather fine"', sender=ada.account)).hits == []
    chat.type('/search "weather is"')
    await chat.sees(", ada: ada: the weather is fine")
    chat.type("/search nothing of it")
    await chat.sees("Nothing that you may read says that.")
    chat.type("/mentions")
    await chat.sees(", ada: ada: call me")
    assert await chat.leave() == 0


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("/open ghost\nwords for a ghost", "Open a conversation first"),
        ("/open #nothing\nwords for nobody", "Open a conversation first"),
        ("/open 7\nwords for nobody", "Open a conversation first"),
        ("/join g~1\nwords for nobody", "Open a conversation first"),
        ("/enter nothing\nwords for nobody", "Open a conversation first"),
        ("/new\nwords for nobody", "Open a conversation first"),
    ],
)
async def test_lines_after_one_that_failed_go_nowhere(
    process: ServerProcess, tmp_path: Path, typed: str, told: str
) -> None:
    await _people(process, "ada", "bob")
    code, said = await piped(tmp_path, f"/open bob\nfor bob\n{typed}", "--server", process.url, "--name", "ada")
    assert (code, told in said) == (1, True), said
    assert await _texts(process, "bob", "ada") == ["for bob"]


async def test_a_title_is_not_guessed(process: ServerProcess, tmp_path: Path) -> None:
    await _people(process, "ada")
    code, said = await piped(
        tmp_path, '/new "team secret"\n/open #team\nfor the team', "--server", process.url, "--name", "ada"
    )
    assert code == 1
    assert "Is #team secret meant?" in said
    assert "you: for the team" not in said


async def test_names_numbers_and_ids_share_no_space(process: ServerProcess, tmp_path: Path) -> None:
    await _people(process, "ada", "bob", "100")
    flags = ("--server", process.url, "--name", "ada")
    assert (await piped(tmp_path, "/open bob\nfor bob", *flags))[0] == 0
    assert (await piped(tmp_path, "/list\n/open 1\nfor bob again", *flags))[0] == 0
    code, said = await piped(tmp_path, "/open 100\nlost", *flags)
    assert (code, "/list has no number 100" in said) == (1, True), said
    code, said = await piped(tmp_path, "/open @100\nfor 100", *flags)
    assert code == 0, said
    assert await _texts(process, "bob", "ada") == ["for bob", "for bob again"]
    assert await _texts(process, "100", "ada") == ["for 100"]


async def test_every_piped_line_is_sent_however_many(process: ServerProcess, tmp_path: Path) -> None:
    await process.start("--limits-sends-per-second", "100000", "--limits-sends-burst", "100000")
    for name in ("ada", "bob"):
        await (await Client.sign_up(process.url, name, PASSWORD)).close()
    lines = [f"line {n}" for n in range(1_500)]
    code, said = await piped(tmp_path, "\n".join(["/open bob", *lines]), "--server", process.url, "--name", "ada")
    assert code == 0, said[-2_000:]
    assert await _texts(process, "bob", "ada") == lines


async def test_a_line_that_is_not_utf_8_is_told_and_the_rest_is_sent(process: ServerProcess, tmp_path: Path) -> None:
    await _people(process, "ada", "bob")
    typed = b"/open bob\nbefore\ncaf\xe9\nafter\n" + b"x" * 600_000 + b"\nlast"
    code, said = await piped(tmp_path, typed, "--server", process.url, "--name", "ada")
    assert code == 1
    assert "! Not sent: Line 3 is not UTF-8: see its byte 4." in said
    assert "! Not sent: Line 5 is too long." in said
    assert await _texts(process, "bob", "ada") == ["before", "after", "last"]


@pytest.mark.parametrize("typed", ["/open ghost", "/add ghost", "/nonsense", "/open bob\n" + "x" * 100_001])
async def test_what_did_not_work_is_in_the_exit_code(process: ServerProcess, tmp_path: Path, typed: str) -> None:
    await _people(process, "ada", "bob")
    code, said = await piped(tmp_path, typed, "--server", process.url, "--name", "ada")
    assert code == 1, said
    assert "\n! " in said


async def test_a_block_is_in_the_exit_code(process: ServerProcess, tmp_path: Path) -> None:
    await _people(process, "ada", "bob")
    assert (await piped(tmp_path / "bob", "/block ada\n/blocks", "--server", process.url, "--name", "bob"))[0] == 0
    code, said = await piped(tmp_path / "ada", "/open bob\nhello", "--server", process.url, "--name", "ada")
    assert code == 1
    assert "! Not sent: The recipient does not take messages from this account. “hello”" in said


async def test_words_before_quit_are_sent(process: ServerProcess, tmp_path: Path) -> None:
    await _people(process, "ada", "bob")
    for end in ("/quit", "/log-out"):
        typed = f"/open bob\nbefore {end}\n{end}\nnot read"
        code, said = await piped(tmp_path, typed, "--server", process.url, "--name", "ada")
        assert code == 0, said
    assert await _texts(process, "bob", "ada") == ["before /quit", "before /log-out"]


async def test_a_server_that_is_not_there_is_told(process: ServerProcess, tmp_path: Path) -> None:
    code, said = await piped(tmp_path, "hello", "--server", "http://127.0.0.1:9", "--name", "ada")
    assert (code, "Start one with `chinwag serve`" in said) == (1, True)
    await _people(process, "ada")
    assert (await piped(tmp_path, "", "--server", process.url, "--name", "ada"))[0] == 0
    await process.stop()
    code, said = await piped(tmp_path, "hello", "--name", "ada", "--patience", "0.5")
    assert (code, "Start one with `chinwag serve`" in said) == (1, True), said


@pytest.mark.parametrize("address", ["ws://127.0.0.1:1", "http://127.0.0.1:99999", "http://[::1", "127.0.0.1"])
async def test_what_is_wrong_with_an_address_is_told(tmp_path: Path, address: str) -> None:
    for command in (["chat", "--server", address, "--name", "ada"], ["bench", "--url", address]):
        ran = await chinwag(*command, folder=tmp_path, CHINWAG_PASSWORD=PASSWORD, XDG_CONFIG_HOME=str(tmp_path))
        assert ran.code == 1
        assert ran.err.startswith("chinwag: ")
        assert "is no address of a server" in ran.err
        assert "Traceback" not in ran.err


async def test_a_chat_that_is_logged_out_ends_though_its_input_goes_on(process: ServerProcess, tmp_path: Path) -> None:
    await _people(process, "ada")
    ada = await Pipes.open(tmp_path / "ada", "--server", process.url, "--name", "ada")
    await ada.sees("No conversations yet")
    ran = await chinwag("user", "revoke", "ada", "--data-path", process.data, folder=tmp_path)
    assert ran.code == 0, ran.said
    await ada.sees("The server has ended this device's session: log in again.")
    assert await ada.ends() == 1
    assert ada.seen.endswith("log in again.\n")


async def test_a_script_logs_in_again_after_a_revocation(process: ServerProcess, tmp_path: Path) -> None:
    await _people(process, "ada", "bob")
    flags = ("--server", process.url, "--name", "ada")
    assert (await piped(tmp_path, "/open bob\none", *flags))[0] == 0
    ran = await chinwag("user", "revoke", "ada", "--data-path", process.data, folder=tmp_path)
    assert ran.code == 0, ran.said
    code, said = await piped(tmp_path, "/open bob\ntwo", *flags)
    assert code == 0, said
    ran = await chinwag("user", "disable", "ada", "--data-path", process.data, folder=tmp_path)
    assert ran.code == 0, ran.said
    for _ in range(2):
        code, said = await piped(tmp_path, "/open bob\nlost", *flags)
        assert code == 1
        assert "This account is disabled" in said
    ran = await chinwag("user", "enable", "ada", "--data-path", process.data, folder=tmp_path)
    assert ran.code == 0, ran.said
    assert (await piped(tmp_path, "/open bob\nthree", *flags))[0] == 0
    # Without its password nobody can log in again: that is said, at every start.
    ran = await chinwag("user", "revoke", "ada", "--data-path", process.data, folder=tmp_path)
    for _ in range(2):
        code, said = await piped(tmp_path, "/open bob\nlost", *flags, CHINWAG_PASSWORD="")
        assert code == 1
        assert "CHINWAG_PASSWORD" in said
    assert await _texts(process, "bob", "ada") == ["one", "two", "three"]


async def test_what_a_log_in_before_had_not_sent_is_told(process: ServerProcess, tmp_path: Path) -> None:
    await _people(process, "ada", "bob")
    flags = ("--server", process.url, "--name", "ada")
    assert (await piped(tmp_path, "/open bob\none", *flags))[0] == 0
    folder = next((tmp_path / "chinwag" / "profiles").iterdir())
    client = Client.resume(folder)
    bob = await client.find_user("bob")
    assert bob is not None
    client.post("never\x1b[2J heard of", to=AccountId(bob.id))
    await client.close()
    assert (await chinwag("user", "revoke", "ada", "--data-path", process.data, folder=tmp_path)).code == 0
    code, said = await piped(tmp_path, "", *flags)
    assert code == 1
    assert "! 1 lines of your log-in before this one had no answer. They may be sent or not:" in said
    assert "  to bob: never␛[2J heard of\n" in said
    code, said = await piped(tmp_path, "", *flags)
    assert (code, "had no answer" in said) == (0, False)
    assert await _texts(process, "bob", "ada") == ["one"]


async def test_what_is_unsent_is_not_given_up_by_logging_out(process: ServerProcess, tmp_path: Path) -> None:
    await _people(process, "ada", "bob")
    async with Relay(lambda: process.url) as relay:
        chat = await Pipes.open(tmp_path, "--server", relay.url, "--name", "ada", "--patience", "1")
        chat.type("/open bob")
        await chat.sees("── bob")
        await process.kill()
        await chat.sees("connection lost")
        chat.type("hello")
        await chat.sees("(waiting to be sent) hello")
        chat.type("/log-out")
        await chat.sees("! 1 lines are not sent yet")
        await chat.sees("/log-out now gives them up")
        chat.type("/quit")
        assert await chat.leave() == 1
        await process.start()
        assert (await piped(tmp_path, "", "--name", "ada"))[0] == 0
    assert await _texts(process, "bob", "ada") == ["hello"]


async def test_closed_accounts_are_shown_by_a_word(process: ServerProcess, tmp_path: Path) -> None:
    await _people(process, "ada", "bob")
    flags = ("--server", process.url, "--name")
    code, said = await piped(tmp_path / "bob", "/open ada\nI am bob", *flags, "bob")
    assert code == 0, said
    ran = await chinwag("user", "close", "bob", "--confirm", "bob", "--data-path", process.data, folder=tmp_path)
    assert ran.code == 0, ran.said
    code, said = await piped(tmp_path / "ada", "/list\n/open 1", *flags, "ada")
    assert code == 0, said
    assert "(closed account): I am bob" in said
    listed = await chinwag("user", "list", "--data-path", process.data, folder=tmp_path)
    assert "(closed)" in listed.out


async def test_open_groups_and_links_from_the_chat(process: ServerProcess, tmp_path: Path) -> None:
    await _people(process, "ada", "bob")
    async with await Client.log_in(process.url, "ada", PASSWORD) as ada:
        await ada.create_group("readers", settings=GroupSettings(join="open"))
    flags = ("--server", process.url, "--name")
    code, said = await piped(tmp_path / "ada", "/open #readers\n/link", *flags, "ada")
    assert code == 0, said
    enter = said[said.index("/enter ") :].split(" comes")[0]
    code, said = await piped(tmp_path / "bob", f"/find READ\n{enter}\nI am in", *flags, "bob")
    assert code == 0, said
    assert "#readers (1 members)   /join g~" in said
    assert "you: I am in" in said


async def test_output_that_nobody_reads_ends_it_quietly(process: ServerProcess, tmp_path: Path) -> None:
    await _people(process, "ada")
    reader, writer = os.pipe()
    os.close(reader)
    chat = await asyncio.create_subprocess_exec(
        *("chinwag", "chat", "--server", process.url, "--name", "ada"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=writer,
        stderr=asyncio.subprocess.PIPE,
        env=environment(tmp_path) | {"PATH": f"{Path(sys.executable).parent}"},
    )
    os.close(writer)
    _, err = await chat.communicate()
    assert (chat.returncode, err) == (1, b"")


async def test_a_chat_without_any_input_or_output_ends(process: ServerProcess, tmp_path: Path) -> None:
    await _people(process, "ada")
    chat = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        'exec "$0" "$@" <&- >&-',
        *(sys.executable, "-m", "chinwag.cli", "chat", "--server", process.url, "--name", "ada"),
        stderr=asyncio.subprocess.PIPE,
        env=environment(tmp_path),
    )
    _, err = await chat.communicate()
    assert (chat.returncode, err) == (0, b"")

"""Messages changed, answered, reacted to, pinned and muted in `chinwag chat`, through pipes, with a real server."""

from pathlib import Path

import pytest
from prove.process import ServerProcess

from chinwag.client import Client
from chinwag.wire.values import AccountId, ConversationId, Gone, Message, Text, direct_id

from .terminals import PASSWORD, Pipes, piped

pytestmark = pytest.mark.asyncio


async def _chats(process: ServerProcess, tmp_path: Path) -> tuple[Pipes, Pipes]:
    """ada and bob, each in their conversation, in which ada has said one thing."""
    await process.start()
    chats = []
    for name in ("ada", "bob"):
        chat = await Pipes.open(tmp_path / name, "--server", process.url, "--name", name, "--sign-up")
        await chat.sees("No conversations yet")
        chats.append(chat)
    ada, bob = chats
    ada.type("/open bob")
    ada.type("helo")
    await ada.sees("[1] you: helo  ✓")
    await bob.sees("• ada (1 new) helo")
    bob.type("/open ada")
    await bob.sees("[1] ada: helo")
    await ada.sees("bob has read it")  # so that what is unread from here on is known
    return ada, bob


async def _held(process: ServerProcess) -> list[Message]:
    """The messages of the two as the server gives them now."""
    async with await Client.log_in(process.url, "bob", PASSWORD) as client:
        ada = await client.find_user("ada")
        assert ada is not None
        events = (await client.history(direct_id(client.account, AccountId(ada.id)))).events
    return [event for event in events if isinstance(event, Message)]


async def test_a_message_is_corrected_and_deleted(process: ServerProcess, tmp_path: Path) -> None:
    ada, bob = await _chats(process, tmp_path)
    ada.type("/edit  hello,  bob")
    await ada.sees("* you edited [1]: hello,  bob")
    await bob.sees("* ada edited [1]: hello,  bob")
    bob.type("/edit mine now")
    await bob.sees("! Which message?")
    bob.type("/edit 1: mine now")
    await bob.sees("! ")
    bob.type("/open ada")
    await bob.sees("[1] ada: hello,  bob (edited)")
    ada.type("3: apples")
    await bob.sees("[3] ada: 3: apples")
    ada.type("/edit 1: hello\tagain")
    await bob.sees("* ada edited [1]: hello")
    ada.type("/delete")
    await bob.sees("* ada deleted [3]")
    ada.type("/delete 1")
    await bob.sees("* ada deleted [1]")
    ada.type("/delete 1")
    await ada.sees("! ")
    ada.type("/edit 1: once more")
    await ada.sees("! ")
    bob.type("/list")
    await bob.sees("ada: (deleted)")
    assert (await ada.leave(), await bob.leave()) == (1, 1)
    assert [(one.number, type(one.body)) for one in await _held(process)] == [(1, Gone), (3, Gone)]
    again = await Pipes.open(tmp_path / "bob", "--server", process.url)
    again.type("/open ada")
    await again.sees("[1] ada: (deleted)")
    assert await again.leave() == 0
    assert not {"helo", "hello", "apples"} & {word for line in again.seen.splitlines() for word in line.split()}


async def test_answers_show_what_they_answer_as_it_is_now(process: ServerProcess, tmp_path: Path) -> None:
    ada, bob = await _chats(process, tmp_path)
    bob.type("/reply  yes,  I am")
    await bob.sees("↳ to [1] ada: helo")
    await bob.sees("[2] you: yes,  I am")
    await ada.sees("↳ to [1] ada: helo")
    await ada.sees("[2] bob: yes,  I am")
    ada.type("/reply 1: talking to myself")
    await ada.sees("[3] you: talking to myself")
    ada.type("/delete 1")
    await bob.sees("* ada deleted [1]")
    bob.type("/reply 9: what?")
    await bob.sees("! Not sent")
    bob.type("/reply")
    await bob.sees("! /reply TEXT")
    bob.type("/reply 2: ")
    await bob.sees("! /reply TEXT")
    assert (await ada.leave(), await bob.leave()) == (0, 1)
    again = await Pipes.open(tmp_path / "bob", "--server", process.url)
    again.type("/open ada")
    await again.sees("↳ to [1] ada: (deleted)")
    await again.sees("[2] you: yes,  I am")
    assert await again.leave() == 0
    assert [one.reply_to for one in await _held(process)] == [0, 1, 1]


async def test_an_answer_to_what_is_far_above_the_page(process: ServerProcess, tmp_path: Path) -> None:
    await process.start()
    async with await Client.sign_up(process.url, "ada", PASSWORD) as ada:
        bob = await Client.sign_up(process.url, "bob", PASSWORD)
        await bob.close()
        for number in range(1, 31):
            await ada.send(f"line {number}", to=bob.account)
        await ada.send(Text("about the first"), to=bob.account, reply_to=1)
    code, said = await piped(tmp_path, "/open ada", "--server", process.url, "--name", "bob")
    assert code == 0
    assert "[11]" not in said
    assert "↳ to [1] ada: line 1\n" in said


async def test_reactions_and_pins(process: ServerProcess, tmp_path: Path) -> None:
    ada, bob = await _chats(process, tmp_path)
    bob.type("/react ❤")
    await bob.sees("* you put ❤\ufe0f on [1]")
    await ada.sees("* bob put ❤\ufe0f on [1]")
    ada.type("/react ❤\ufe0f 1")
    await bob.sees("* ada put ❤\ufe0f on [1]")
    bob.type("/open ada")
    await bob.sees("[1] ada: helo  ❤\ufe0f 2*")
    bob.type("/react 1 ❤\ufe0f")
    await ada.sees("* bob took ❤\ufe0f back from [1]")
    bob.type("/open ada")
    await bob.sees("[1] ada: helo  ❤\ufe0f 1\n")
    for wrong in ("/react no", "/react", "/react ❤ x", "/react ❤ 0", "/react ❤ 99999999999999999999"):
        bob.type(wrong)
        await bob.sees("! ")
    bob.type("/pin")
    await ada.sees("* bob pinned message 1")
    ada.type("/pin 1")
    await bob.sees("* ada took message 1 from the pins")
    bob.type("/pin 7")
    await bob.sees("! ")
    assert (await ada.leave(), await bob.leave()) == (0, 1)


async def test_only_what_is_put_on_one_s_own_messages_is_told_elsewhere(process: ServerProcess, tmp_path: Path) -> None:
    ada, bob = await _chats(process, tmp_path)
    bob.type("/new team")
    await bob.sees("── #team")  # no longer with ada; that it begins may be told before
    ada.type("/react 👍")
    ada.type("/edit hello")
    ada.type("/delete 1")
    await ada.sees("* you deleted [1]")
    ada.type("that is all")
    told = await bob.sees("• ada (1 new)")
    assert "that is all" in told, "changes of another's own messages are no news"
    bob.type("/open ada")
    await bob.sees("[5] ada: that is all")
    bob.type("mine")
    await ada.sees("[6] bob: mine")
    bob.type("/open #team")
    await bob.sees("── #team")
    ada.type("/react 👍")
    await bob.sees("put 👍 on [6]")
    assert (await ada.leave(), await bob.leave()) == (0, 0)


async def test_what_speaks_to_one_is_counted_apart(process: ServerProcess, tmp_path: Path) -> None:
    ada, bob = await _chats(process, tmp_path)
    ada.type("/new team bob")
    await ada.sees("── #team")
    bob.type("/open #team")
    await bob.sees("── #team")
    bob.type("mine")
    await ada.sees("[2] bob: mine")
    bob.type("/new other")
    await bob.sees("── #other")
    ada.type("one")
    await bob.sees("• #team (1 new) ada: one")
    ada.type("/reply 2: two")
    await bob.sees("• #team (2 new, 1 for you) ada: two")
    ada.type("look, @Bob.")
    await bob.sees("• #team (3 new, 2 for you) ada: look, @Bob.")
    await ada.sees("[5] you: look")
    ada.type("/edit look, all of you")
    await ada.sees("* you edited [5]")
    ada.type("@all again")
    await bob.sees("• #team (4 new, 2 for you) ada: @all again")
    bob.type("/list")
    assert "(4 new, 2 for you)" in await bob.sees(" #team (")
    assert (await ada.leave(), await bob.leave()) == (0, 0)


async def test_a_muted_conversation_tells_nothing_and_counts_on(process: ServerProcess, tmp_path: Path) -> None:
    ada, bob = await _chats(process, tmp_path)
    for wrong in ("/mute soon", "/mute 0", "/mute 8785", "/mute 1 2", "/mute ²"):
        bob.type(wrong)
        await bob.sees("! /mute")
    bob.type("/mute 8")
    await bob.sees("ada is muted for 8 h")
    bob.type("/new team")
    await bob.sees("── #team")  # no longer with ada; that it begins may be told before
    ada.type("not to be told")
    await ada.sees("[2] you: not to be told")
    async with await Client.log_in(process.url, "bob", PASSWORD) as other:
        found = await other.find_user("ada")
        assert found is not None
        here = direct_id(other.account, AccountId(found.id))
        kept = (await other.preferences(here)).preferences
        assert kept.muted_until > 0
    # Whoever comes later with the same log-in, or another, finds it muted.
    bob.type("/list")
    assert "(1 new) (muted)" in await bob.sees("ada (")
    assert "• ada" not in bob.seen.partition("is muted")[2]
    assert await bob.leave() == 1
    again = await Pipes.open(tmp_path / "bob", "--server", process.url)
    assert "(1 new) (muted)" in await again.sees("ada (")
    again.type("/open ada")
    await again.sees("[2] ada: not to be told")
    await ada.sees("bob has read it")
    again.type("/mute off")
    await again.sees("ada is no longer muted")
    again.type("/open #team")
    await again.sees("── #team")
    ada.type("told")
    assert "told" in await again.sees("• ada (1 new)")
    again.type("/open ada")
    again.type("/mute")
    await again.sees("ada is muted until /mute off")
    assert (await ada.leave(), await again.leave()) == (0, 0)
    assert await _muted_until(process, here) == (1 << 53) - 1


async def _muted_until(process: ServerProcess, conversation: ConversationId) -> int:
    async with await Client.log_in(process.url, "bob", PASSWORD) as client:
        (preferred,) = await client.all_preferences()
        assert preferred.conversation == conversation
        return preferred.preferences.muted_until

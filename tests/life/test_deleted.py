"""What operators have of a deleted message: nothing in exports and traces, and all of it in a backup made before."""

from pathlib import Path

from prove.process import ServerProcess
from tests.life.commands import chinwag
from tests.life.test_backup import history, restored
from tests.support.people import Crowd, begin_group

from chinwag.wire.frames import Ack, Delete, Edit, Send
from chinwag.wire.values import ClientId, Deleted, Message, Text

assert restored
FIRST, SECOND = "a password, pasted by mistake", "another password, by mistake"


async def test_exports_and_traces_forget_what_was_deleted_and_a_restored_backup_brings_it_back(
    crowd: Crowd,
    restored: ServerProcess,
    tmp_path: Path,
) -> None:
    ann, bob = await crowd.people("ann", "bob")
    group = await begin_group(ann, bob)
    sent = await ann.ask(Send(ClientId("m"), Text(FIRST), group))
    assert isinstance(sent, Ack)
    assert isinstance(await ann.ask(Edit(ClientId("e"), group, sent.number, Text(SECOND))), Ack)
    folder = "--data-path", crowd.process.data
    ran = await chinwag("backup", tmp_path / "backup", *folder, folder=tmp_path)
    assert ran.code == 0, ran.said

    assert isinstance(await ann.ask(Delete(ClientId("d"), group, sent.number)), Ack)
    await bob.until(lambda: any(isinstance(one.event, Deleted) for one in bob.seen), "the deletion")
    for asked in (("export",), ("export", "--id", bob.account), ("trace", group, sent.number, "--json")):
        ran = await chinwag(*asked, *folder, folder=tmp_path)
        assert ran.code == 0, ran.said
        assert FIRST not in ran.said
        assert SECOND not in ran.said

    await bob.reach_head()
    for device in (ann, bob):
        await device.disconnect()
    assert await crowd.process.stop() == 0
    ran = await chinwag("restore", tmp_path / "backup", "--data-path", restored.data, folder=tmp_path)
    assert ran.code == 0, ran.said
    await restored.start()
    crowd.process = crowd.place.process = restored
    await bob.connect()
    assert [reset.cause for reset in bob.resets] == ["epoch"], "what it holds may be wrong"
    await bob.load_again()
    assert (await history(bob, group))[sent.number]["body"]["text"] == SECOND, "as docs/backup.md says"

    await ann.connect()
    again = await ann.ask(Delete(ClientId("d"), group, sent.number))
    assert isinstance(again, Ack), "the deletion was lost with the rest, and so its id is free"
    await bob.until(lambda: isinstance(bob.seen[-1].event, Deleted), "the deletion")
    await bob.reach_head()
    held = bob.held.mirror.conversations[group].messages.get(sent.number)
    assert held is None or (isinstance(held, Message) and held.deleted is not None)
    assert SECOND not in str(await history(bob, group))

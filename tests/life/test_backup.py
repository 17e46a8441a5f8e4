"""Backup under load, restore, and clients that go on."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from prove.process import ServerProcess
from tests.life.commands import chinwag
from tests.life.load import Writer, writing
from tests.support.device import Device
from tests.support.media import Filer
from tests.support.people import Crowd, begin_group, sign_up

from chinwag.adapters.files import FileMediaStore
from chinwag.assembly.data import begin_folder
from chinwag.life.backup import Telling, back_up
from chinwag.life.folder import MAKING, MEDIA, MEDIA_WORK, media_in
from chinwag.life.manifest import ListedFile
from chinwag.life.restore import restore
from chinwag.life.whole import refuse_half
from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import ClientId, ConversationId, Text


@pytest.fixture
async def restored(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    """A server on the folder that a backup is restored to; not started yet."""
    server = ServerProcess(tmp_path / "restored")
    yield server
    server.end()
    print(server.log())


async def history(device: Device, conversation: ConversationId) -> dict[int, dict[str, Any]]:
    """All events of a conversation by number, over HTTP."""
    found: dict[int, dict[str, Any]] = {}
    while True:
        page = await device.place.request(
            "GET",
            f"/v1/conversations/{conversation}/messages?after={max(found, default=0)}&limit=200",
            token=device.token,
        )
        assert page.status_code == 200, page.text
        events = page.json()["events"]
        if not events:
            return found
        found |= {event["number"]: event for event in events}


async def test_backup_under_load_then_restore_and_clients_go_on(
    crowd: Crowd, restored: ServerProcess, tmp_path: Path
) -> None:
    ann, bob, cem = await crowd.people("ann", "bob", "cem")
    group = await begin_group(ann, bob, cem)
    writers = [Writer(device, group) for device in (ann, bob, cem)]
    newcomers: list[str] = []

    async def move_in() -> None:
        while True:
            newcomers.append(await sign_up(crowd.place, f"new-{len(newcomers)}"))

    async with writing(*writers):
        await asyncio.gather(*(writer.more(20) for writer in writers))
        before = {name: number for writer in writers for name, number in writer.acked.items()}
        moving = asyncio.create_task(move_in())
        ran = await chinwag("backup", tmp_path / "backup", "--data-path", crowd.process.data, folder=tmp_path)
        moving.cancel()
        assert ran.code == 0, ran.said
        tried = {name for writer in writers for name in writer.tried}
        # What comes after the backup will be lost; who has seen it must be told.
        await asyncio.gather(*(writer.more(20) for writer in writers))
    everything = {name: number for writer in writers for name, number in writer.acked.items()}
    lost = max(everything.values())
    await ann.reach_head()
    for device in (ann, bob, cem):
        await device.disconnect()
    assert await crowd.process.stop() == 0
    left = {path.name for path in crowd.process.data.glob(".*")} - {MAKING}  # made at each start
    assert not left, "nothing of the backup is left in the data folder"

    ran = await chinwag("restore", tmp_path / "backup", "--data-path", restored.data, folder=tmp_path)
    assert ran.code == 0, ran.said
    await restored.start()
    crowd.process = crowd.place.process = restored

    epoch, position = ann.epoch, ann.position
    await ann.connect()
    assert [reset.cause for reset in ann.resets] == ["epoch"], "a newer cursor is told so"
    assert ann.epoch > epoch
    assert ann.position < position
    await ann.load()  # afresh
    kept = await history(ann, group)

    assert list(kept) == list(range(1, len(kept) + 1)), "no holes"
    names = {event["id"]: number for number, event in kept.items() if event["kind"] == "message"}
    assert before.items() <= names.items(), "all that was acked before the backup, at its number"
    assert set(names) <= tried, "nothing that was written after it"
    assert len(kept) < lost

    # Idempotent for ever, across a restore too; and new numbers go on without a hole.
    again = next(iter(before))
    writer = next(writer for writer in writers if again in writer.acked)
    await writer.device.connect()
    answer = await writer.device.ask(Send(ClientId(again), Text(f"text {again}"), group))
    assert isinstance(answer, Ack)
    assert answer.number == before[again]
    answer = await ann.ask(Send(ClientId("after the restore"), Text("hello again"), group))
    assert isinstance(answer, Ack)
    assert answer.number == len(kept) + 1
    await bob.connect()
    await bob.load()
    assert len(await history(bob, group)) == answer.number

    # Both stores are of one moment: nobody is named in a conversation who has no account.
    ran = await chinwag("export", "--data-path", restored.data, folder=tmp_path)
    assert ran.code == 0, ran.err
    lines = [json.loads(line) for line in ran.out.splitlines()]
    accounts = {line["id"] for line in lines if line["type"] == "account"}
    assert {line["event"]["from"] for line in lines if line["type"] == "event"} <= accounts
    assert {str(device.account) for device in (ann, bob, cem)} <= accounts


async def test_two_restores_of_one_backup_are_two_lives(crowd: Crowd, restored: ServerProcess, tmp_path: Path) -> None:
    ann = await crowd.person("ann")
    ran = await chinwag("backup", tmp_path / "backup", "--data-path", crowd.process.data, folder=tmp_path)
    assert ran.code == 0, ran.said
    await ann.disconnect()
    await crowd.process.stop()
    epochs = [ann.epoch]
    for _ in range(2):
        ran = await chinwag(
            "restore", tmp_path / "backup", "--data-path", restored.data, "--replace", "everything", folder=tmp_path
        )
        assert ran.code == 0, ran.said
        await restored.start()
        crowd.process = crowd.place.process = restored
        ann.resets.clear()
        await ann.connect()
        assert [reset.cause for reset in ann.resets] == ["epoch"]
        epochs.append(ann.epoch)
        await ann.disconnect()
        await restored.stop()
    assert epochs == sorted(set(epochs)), "each life has an epoch of its own, and they rise"


async def test_backup_of_a_stopped_server(crowd: Crowd, restored: ServerProcess, tmp_path: Path) -> None:
    ann, bob = await crowd.people("ann", "bob")
    writer = Writer(ann, await begin_group(ann, bob))
    await writer.once()
    for device in (ann, bob):
        await device.disconnect()
    await crowd.process.stop()
    ran = await chinwag("backup", tmp_path / "backup", "--data-path", crowd.process.data, folder=tmp_path)
    assert ran.code == 0, ran.said
    ran = await chinwag("restore", tmp_path / "backup", "--data-path", restored.data, folder=tmp_path)
    assert ran.code == 0, ran.said
    await restored.start()
    crowd.process = crowd.place.process = restored
    events = await history(ann, writer.conversation)
    assert [event["kind"] for event in events.values()] == ["notice", "message"]


async def test_a_server_that_was_killed_during_a_backup_starts_clean(crowd: Crowd, tmp_path: Path) -> None:
    data = crowd.process.data
    (data / ".checkpoint" / "messages").mkdir(parents=True)  # as a kill would leave it
    await crowd.process.kill()
    await crowd.process.start()
    assert not (data / ".checkpoint").exists()
    ran = await chinwag("backup", tmp_path / "backup", "--data-path", data, folder=tmp_path)
    assert ran.code == 0, ran.said


async def test_everything_in_the_data_folder_is_in_the_backup(crowd: Crowd, tmp_path: Path) -> None:
    ann, bob = await crowd.people("ann", "bob")
    await Writer(ann, await begin_group(ann, bob)).once()
    data = crowd.process.data
    filer = Filer(ann)
    await filer.upload(b"with a file, as a store without one may have no folder")
    await filer.close()
    (data / "later").mkdir()
    (data / "later" / "blob").write_bytes(b"of a later version")
    ran = await chinwag("backup", tmp_path / "backup", "--data-path", data, folder=tmp_path)
    assert ran.code == 0, ran.said
    passing = {"control.sock", "directory.sqlite-wal", "directory.sqlite-shm"}
    passing |= {"search.sqlite", "search.sqlite-wal", "search.sqlite-shm"}  # a copy of what is in messages/
    passing |= {"media-work", "avatar-work"}  # made anew at each start
    backed_up = {entry.name for entry in (tmp_path / "backup").iterdir()} - {"manifest.json"}
    assert backed_up == {entry.name for entry in data.iterdir()} - passing
    [media] = [path for path in (tmp_path / "backup" / MEDIA).rglob("*") if path.is_file()]
    assert media.read_bytes().startswith(b"with a file")
    assert (tmp_path / "backup" / "later" / "blob").read_bytes() == b"of a later version"
    modes = {path.stat().st_mode & 0o077 for path in [tmp_path / "backup", *(tmp_path / "backup").rglob("*")]}
    assert modes == {0}, "nobody else may read a backup"


async def test_media_are_in_a_backup_and_take_no_room_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, target = tmp_path / "data", tmp_path / "backup"
    await begin_folder(data)
    store = FileMediaStore(data / MEDIA)

    async def pieces(content: bytes) -> AsyncIterator[bytes]:
        yield content

    kept, gone, sooner = [await store.put(pieces(content)) for content in (b"kept", b"gone", b"sooner")]
    await store.close()
    (data / MEDIA / "incoming" / "half").write_bytes(b"half of a file")
    (data / MEDIA_WORK).mkdir(mode=0o700)
    (data / MEDIA_WORK / "looked-at").write_bytes(b"looked at")

    class Collecting(Telling):
        """Somebody deletes while files are copied."""

        def doing(self, what: str, total: int = 0) -> None:
            if what == "copying":
                (data / MEDIA / gone.hash[:2] / gone.hash[2:4] / gone.hash).unlink()

    def listed_and_gone(folder: Path) -> list[Path]:
        found = list(media_in(folder))
        (data / MEDIA / sooner.hash[:2] / sooner.hash[2:4] / sooner.hash).unlink()
        return found

    monkeypatch.setattr("chinwag.life.backup.media_in", listed_and_gone)
    manifest = await asyncio.to_thread(back_up, data, target, Collecting())
    name = f"{MEDIA}/{kept.hash[:2]}/{kept.hash[2:4]}/{kept.hash}"
    listed = [file for file in manifest.files if file.path.startswith(MEDIA)]  # neither what is written nor looked at
    assert listed == [ListedFile(name, 4, kept.hash)]
    assert (target / name).samefile(data / name)
    back = tmp_path / "restored"
    await asyncio.to_thread(restore, target, back, replace=False, telling=Telling())
    assert (back / name).read_bytes() == b"kept"
    assert not (back / name).samefile(data / name)
    damaged = target / name
    damaged.unlink()
    damaged.write_bytes(b"keqt")
    told: list[str] = []

    class Hearing(Telling):
        def lost(self, what: str) -> None:
            told.append(what)

    for harm in ("changed", "missing"):
        if harm == "missing":
            damaged.unlink()
        back = tmp_path / f"without-{harm}"
        await asyncio.to_thread(restore, target, back, replace=False, telling=Hearing())
        assert not (back / name).exists()
        refuse_half(back)
    assert [name in one for one in told] == [True, True]

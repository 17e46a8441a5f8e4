"""What an export holds of media: lines, and the files where they are wanted."""

import json
from pathlib import Path

from tests.life.commands import chinwag
from tests.support.media_world import ANN, PAIR, pieces, world

from chinwag.domain.command import Delete, SetAvatar
from chinwag.domain.conversation import GroupSettings
from chinwag.flow.avatars.make import claim
from chinwag.ports.directory import Avatar


async def test_messages_that_show_something_have_a_line_and_a_file(tmp_path: Path) -> None:
    data, folder = tmp_path / "data", tmp_path / "files"
    async with world(data) as at:
        await at.stage.people("1", "2")
        await at.upload("7", b"one")
        await at.upload("8", b"two")
        await at.upload("9", b"gone")
        numbers = [await at.send("7"), await at.send("8"), await at.send("7"), await at.send("9")]
        await at.stage.do(ANN, PAIR, Delete(numbers[3]))
        group = await at.stage.group(ANN, "Chess", GroupSettings())
        blob = await at.media.put(pieces(b"picture"))
        claimed_at = await claim(at.stage.directory, blob.hash, blob.size, lambda: at.now)
        async with at.stage.directory.transaction() as transaction:
            await transaction.avatars.add(Avatar("5", ANN, None, blob.hash, blob.size, claimed_at, placed=True))
            await transaction.avatars.add(Avatar("6", ANN, group, blob.hash, blob.size, claimed_at, placed=False))
            await transaction.accounts.set_avatar(ANN, "5")
        await at.stage.do(ANN, group, SetAvatar("6"))
    for account in ([], ["--id", "1"]):
        folder = tmp_path / f"files{len(account)}"
        ran = await chinwag("export", *account, "--data-path", data, "--media", folder, folder=tmp_path)
        assert ran.code == 0, ran
        lines = [json.loads(line) for line in ran.out.splitlines()]
        shown = [(one["number"], one["id"], one["file"]) for one in lines if one["type"] == "media"]
        assert shown == [(numbers[0], "7", "7"), (numbers[1], "8", "8"), (numbers[2], "7", "7")]
        assert {one["file"]: (one["account"], one["conversation"]) for one in lines if one["type"] == "avatar"} == {
            "avatar-5.webp": ("1", None),
            "avatar-6.webp": (None, group),
        }
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
            "7": b"one",
            "8": b"two",
            "avatar-5.webp": b"picture",
            "avatar-6.webp": b"picture",
        }
    again = await chinwag("export", "--data-path", data, "--media", folder, folder=tmp_path)
    assert again.code != 0
    assert "exists already" in again.err
    bare = await chinwag("export", "--data-path", data, folder=tmp_path)
    assert {json.loads(line).get("file") for line in bare.out.splitlines()} == {None}


async def test_a_file_that_the_disk_has_spoilt_is_not_given_as_what_was_sent(tmp_path: Path) -> None:
    data, folder = tmp_path / "data", tmp_path / "files"
    async with world(data) as at:
        await at.stage.people("1", "2")
        (spoilt,) = await at.upload("7", b"one")
        await at.upload("8", b"two")
        for name in ("7", "8"):
            await at.send(name)
    (data / "media" / spoilt[:2] / spoilt[2:4] / spoilt).write_bytes(b"onf")
    ran = await chinwag("export", "--data-path", data, "--media", folder, folder=tmp_path)
    assert ran.code == 0, ran
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert [(one["id"], one["file"]) for one in lines if one["type"] == "media"] == [("7", None), ("8", "8")]
    assert [path.name for path in folder.iterdir()] == ["8"]

"""Media that nobody needs go, media that somebody needs stay, whatever is cut short in between."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.collector import collect
from tests.support.media_world import ANN, BEN, PAIR, World, pieces, world

from chinwag.adapters.files import FileMediaStore
from chinwag.adapters.relational.media_references import RelationalMediaReferences
from chinwag.domain.body import Text
from chinwag.domain.command import Delete, Leave, Send, SetAvatar
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import UploadId
from chinwag.domain.refusal import Refused
from chinwag.fail_points import POINTS, VARIABLE
from chinwag.flow.avatars.make import claim
from chinwag.flow.clock import HOUR_MS
from chinwag.flow.collecting.collect import KEPT_MS
from chinwag.ports.directory import Avatar, Blob

LATER = KEPT_MS + HOUR_MS


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path / "data") as made:
        await made.stage.people("1", "2")
        yield made


async def test_what_a_message_shows_stays_until_the_message_is_deleted(at: World) -> None:
    original, preview = await at.upload("u", b"original", b"preview")
    number = await at.send("u")
    for _ in range(3):
        at.now += LATER
        await at.collect()
        assert await at.there(original, preview) == [True, True]
    await at.stage.do(ANN, PAIR, Delete(number))
    at.now += LATER
    await at.collect()
    assert await at.blobs() == set()
    async with at.stage.directory.reading() as reading:
        assert await reading.uploads.get(UploadId("u")) is None
        assert await reading.blobs.page("", 9) == []


async def test_what_was_forwarded_stays_with_either_message(at: World) -> None:
    (original,) = await at.upload("u", b"original")
    first, second = await at.send("u"), await at.send("u")
    await at.stage.do(ANN, PAIR, Delete(first))
    at.now += LATER
    await at.collect()
    assert await at.there(original) == [True]
    await at.stage.do(ANN, PAIR, Delete(second))
    at.now += LATER
    await at.collect()
    assert await at.there(original) == [False]


async def test_an_upload_that_is_not_sent_goes_two_days_after_its_last_claim(at: World) -> None:
    (original,) = await at.upload("u", b"original")
    at.now += KEPT_MS - 1
    await at.collect()
    assert await at.there(original) == [True]
    async with at.stage.directory.transaction() as transaction:
        await transaction.uploads.keep(UploadId("u"), at.now + KEPT_MS)  # as a send does
    at.now += KEPT_MS - 1
    await at.collect()
    assert await at.there(original) == [True]
    at.now += HOUR_MS
    await at.collect()
    assert await at.there(original) == [False]


async def test_nothing_goes_while_it_is_not_sure_what_was_placed(at: World) -> None:
    """Who reads what is placed has not come to the end since the upload was claimed."""
    await at.follow()
    (original,) = await at.upload("u", b"original")
    await at.send("u")
    at.now += LATER
    while await at.collecting.step():
        pass
    assert await at.there(original) == [True]
    await at.follow()
    while await at.collecting.step():
        pass
    assert await at.there(original) == [True]


async def test_the_same_content_of_two_people_stays_while_one_shows_it(at: World) -> None:
    (mine,) = await at.upload("mine", b"the same")
    (hers,) = await at.upload("hers", b"the same", account=BEN)
    assert mine == hers
    await at.send("hers")
    at.now += LATER
    await at.collect()
    assert await at.there(mine) == [True]
    async with at.stage.directory.reading() as reading:
        assert await reading.uploads.get(UploadId("mine")) is None


async def test_a_group_that_everybody_has_left_takes_its_media_with_it(at: World) -> None:
    group = await at.stage.group(ANN, "Chess", GroupSettings(), BEN)
    (original,) = await at.upload("u", b"original")
    await at.send("u", group)
    await at.stage.do(ANN, group, Leave())
    at.now += LATER
    await at.collect()
    assert await at.there(original) == [True]
    await at.stage.do(BEN, group, Leave())
    at.now += LATER
    await at.collect()
    assert await at.there(original) == [False]


async def test_texts_and_what_is_written_like_media_refer_to_nothing(at: World) -> None:
    for text in ('"media"', '{"type":"media","id":"u"}', '"deleted" "avatar" "left"'):
        await at.stage.do(ANN, PAIR, Send(Text(text)))
    (original,) = await at.upload("u", b"original")
    at.now += LATER
    await at.collect()
    assert await at.there(original) == [False]


async def test_everything_is_read_again_after_a_restore(at: World) -> None:
    (original,) = await at.upload("u", b"original")
    await at.send("u")
    await at.follow()
    async with at.stage.directory.transaction() as transaction:
        reading = await transaction.media_references.reading()
        assert reading is not None
        other = msgspec.structs.replace(reading.reached, epoch=reading.reached.epoch - 1)
        await transaction.media_references.begin(msgspec.structs.replace(reading, reached=other))
        assert await transaction.media_references.count() == 0
    at.now += LATER
    await at.collect()
    assert await at.there(original) == [True]
    async with at.stage.directory.reading() as directory:
        assert await directory.media_references.count() == 1


async def test_a_group_keeps_its_picture_and_no_other(at: World) -> None:
    group = await at.stage.group(ANN, "Chess", GroupSettings())
    hashes = {}
    for name in ("first", "second", "lost"):
        blob = await at.media.put(pieces(name.encode()))
        claimed_at = await claim(at.stage.directory, blob.hash, blob.size, lambda: at.now)
        async with at.stage.directory.transaction() as transaction:
            await transaction.avatars.add(Avatar(name, ANN, group, blob.hash, blob.size, claimed_at, placed=False))
        hashes[name] = blob.hash
    await at.stage.do(ANN, group, SetAvatar("first"))
    await at.collect()
    assert await at.blobs() == set(hashes.values())
    await at.stage.do(ANN, group, SetAvatar("second"))
    await at.collect()
    assert await at.blobs() == {hashes["second"], hashes["lost"]}
    for _ in range(2):
        at.now += LATER
        await at.collect()
        assert await at.blobs() == {hashes["second"]}
    await at.stage.do(ANN, group, SetAvatar(""))
    at.now += LATER
    await at.collect()
    assert await at.blobs() == set()


async def test_who_claims_a_blob_while_it_is_deleted_puts_it_anew(at: World) -> None:
    (hash_,) = await at.upload("u", b"again")
    at.now += LATER
    async with at.stage.directory.transaction() as transaction:
        await transaction.uploads.remove(UploadId("u"))
        await transaction.blobs.doom(hash_)
    claiming = asyncio.create_task(at.upload("v", b"again"))
    while not claiming.done():
        await at.collecting.step()
        await asyncio.sleep(0)
    assert await claiming == [hash_]
    at.now += LATER - HOUR_MS - 1
    await at.collect()
    assert await at.there(hash_) == [True]


async def test_a_blob_that_cannot_be_deleted_keeps_none_of_the_others(at: World, tmp_path: Path) -> None:
    hashes = sorted(await at.upload("u", b"one", b"two", b"three"))
    stuck = tmp_path / "data" / "media" / hashes[0][:2] / hashes[0][2:4] / hashes[0]
    stuck.unlink()
    stuck.mkdir()  # as a disk that was mended by hand, or a copy that went wrong, may leave it
    at.now += LATER
    await at.follow()
    with pytest.raises(Refused):
        await at.collecting.step()
    assert await at.there(*hashes[1:]) == [False, False]
    stuck.rmdir()
    at.now += HOUR_MS
    await at.collect()
    async with at.stage.directory.reading() as reading:
        assert await reading.blobs.page("", 9) == []


@pytest.mark.parametrize("point", [name for name, one in POINTS.items() if one.phase == "collect"])
async def test_a_collection_that_is_killed_is_ended_by_the_next(tmp_path: Path, point: str) -> None:
    data = tmp_path / "data"
    async with world(data) as before:
        await before.stage.people("1", "2")
        gone = [*await before.upload("gone", b"one", b"two"), *await before.upload("gone too", b"three")]
        (kept,) = await before.upload("kept", b"four")
        await before.send("kept")
        now = before.now + LATER
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.collector", str(data), str(now)),
        cwd=Path(__file__).parents[2],
        env={**os.environ, VARIABLE: point},
    )
    assert await process.wait() == -signal.SIGKILL
    await collect(data, now + HOUR_MS)
    media = FileMediaStore(data / "media")
    assert {blob.hash async for blob in media.blobs()} == {kept}
    assert not set(gone) & {kept}
    await media.close()
    async with world(data) as after, after.stage.directory.reading() as reading:
        assert [blob.hash for blob in await reading.blobs.page("", 9)] == [kept]
        assert await reading.uploads.get(UploadId("kept")) is not None


async def violations(at: World) -> list[str]:
    """What is there and should not be, or the other way round, after people sent, claimed and deleted."""
    found = []
    (claimed,) = await at.upload("unsent", b"claimed again")
    (shown,) = await at.upload("shown", b"shown")
    (deleted,) = await at.upload("deleted", b"deleted")
    (late,) = await at.upload("late", b"late")
    await at.send("shown")
    number = await at.send("deleted")
    await at.follow()
    await at.stage.do(ANN, PAIR, Delete(number))
    await at.follow()
    at.now += LATER
    # Somebody uploads the same once more: its blob is claimed, and nothing names it yet.
    async with at.stage.directory.transaction() as transaction:
        await transaction.uploads.remove(UploadId("unsent"))
        await transaction.blobs.claim([Blob(claimed, 1, at.now)])
    # What is sent now is read after the collector has looked.
    number = await at.send("late")
    async with at.stage.directory.transaction() as transaction:
        await transaction.uploads.keep(UploadId("late"), at.now - 1)
    for _ in range(2):
        for _ in range(3):
            await at.collecting.step()
        at.now += HOUR_MS
    if not (await at.there(claimed))[0]:
        found.append("a blob was collected while it was claimed")
    if not (await at.there(late))[0]:
        found.append("what is shown was collected before it was read")
    await at.collect()
    if (await at.there(deleted))[0]:
        found.append("media were kept after the deletion of their message")
    if not (await at.there(shown))[0]:
        found.append("what is shown was collected")
    return found


async def test_nothing_is_wrong_after_people_sent_claimed_and_deleted(at: World) -> None:
    assert await violations(at) == []


async def _nothing(*_: object) -> None:
    return None


def _always_whole(decode: Any) -> Any:
    """Who follows says that it has read everything, whether it has or not."""

    async def reading(self: RelationalMediaReferences) -> Any:
        found = await decode(self)
        return None if found is None else msgspec.structs.replace(found, at_head=1 << 62)

    return reading


def _without_claims(unneeded: Any) -> Any:
    async def always(self: RelationalMediaReferences, before: int, limit: int) -> Any:
        return await unneeded(self, before << 8, limit)

    return always


PLANTED = {
    "a blob was collected while it was claimed": ("unneeded", _without_claims(RelationalMediaReferences.unneeded)),
    "media were kept after the deletion of their message": ("remove", _nothing),
    "what is shown was collected before it was read": ("reading", _always_whole(RelationalMediaReferences.reading)),
    "what is shown was collected": ("put", _nothing),
}


@pytest.mark.parametrize("said", PLANTED)
async def test_a_planted_fault_is_noticed(at: World, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setattr(RelationalMediaReferences, *PLANTED[said])
    assert said in await violations(at)

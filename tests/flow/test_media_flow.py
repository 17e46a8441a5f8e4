"""Uploads between their first byte and the message: at two servers, with bounds, over time; and sends of media."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.contract.directories import people

from chinwag.adapters.files import FileMediaStore
from chinwag.adapters.files.upload_store import FileUploadStore
from chinwag.adapters.relational import open_directory
from chinwag.adapters.workshop import ProcessWorkshop
from chinwag.domain.body import Attach, Media, MessageName
from chinwag.domain.ids import AccountId, ConversationId, DeviceId, Snowflake, UploadId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.clock import HOUR_MS
from chinwag.flow.media.expire_uploads import BATCH, expire_uploads
from chinwag.flow.media.finish import AGAIN_MS, CLAIM_MS, COPY_TRIES, HOLD_MS, Finish
from chinwag.flow.media.seeing import OwnMedia
from chinwag.flow.media.uploads import (
    PART_BYTES,
    PROMISED_MS,
    BrokenOffError,
    Checksum,
    ChecksumError,
    UploadRules,
    Uploads,
    WrongOffsetError,
)
from chinwag.lasting import lasting_folder
from chinwag.ports.directory import Directory, MadeKind, MediaReference, Upload, UploadState

ANN, BEN = AccountId("1"), AccountId("2")
RULES = UploadRules(file_bytes=8 << 20, account_bytes=10 << 20, unfinished=3, unsent=5)


class Time:
    """A clock that is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now


class Site:
    """What several servers share, and servers on it."""

    def __init__(self, folder: Path, directory: Directory) -> None:
        self.folder = folder
        self.directory = directory
        self.clock = Time()
        self.parts = FileUploadStore(folder / "uploads", 0.0)
        self.media = FileMediaStore(folder / "media")
        self.workshop = ProcessWorkshop(processes=1)
        self._workers = iter(range(100))

    def server(self) -> tuple[Uploads, Finish]:
        """Another server."""
        worker = next(self._workers)
        uploads = Uploads(self.directory, self.parts, Snowflake(worker), self.clock, RULES)
        work = lasting_folder(self.folder / f"work-{worker}")
        finish = Finish(self.directory, self.parts, self.media, self.workshop, uploads, self.clock, work)
        return uploads, finish

    def kept(self, upload: UploadId) -> list[str]:
        """Names of what lies there of an upload."""
        folder = self.folder / "uploads" / upload
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    directory = await open_directory(tmp_path / "directory.sqlite")
    await people(directory, ANN, BEN)
    made = Site(tmp_path, directory)
    yield made
    await made.workshop.close()
    await made.media.close()
    made.parts.close()
    await directory.close()


async def stream(*pieces: bytes, then: Callable[[], Exception] | None = None) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    if then is not None:
        raise then()


async def refused(work: Any) -> Code:
    with pytest.raises(Refused) as refusal:
        await work
    return refusal.value.code


async def test_another_server_goes_on_with_an_upload_and_a_third_looks_at_it(site: Site) -> None:
    (one, _), (two, _), (_, third) = site.server(), site.server(), site.server()
    content = bytes(range(256)) * 20_000
    half = len(content) // 2
    upload = await one.begin(ANN, "a.bin", len(content), picture=False)
    with pytest.raises(BrokenOffError):
        await one.receive(ANN, upload.id, 0, stream(content[:half], then=BrokenOffError))
    known = await two.get(ANN, upload.id)
    assert known.received == half, "what came before the break counts"
    with pytest.raises(WrongOffsetError) as wrong:
        await two.receive(ANN, upload.id, 0, stream(content))
    assert wrong.value.upload.received == half
    whole = await two.receive(ANN, upload.id, half, stream(content[half:]))
    assert whole.state is UploadState.PROCESSING
    waiting = asyncio.create_task(one.wait(ANN, upload.id, 60))
    await third.step()
    ready = await waiting
    assert ready.found is not None
    assert (ready.state, ready.found.size) == (UploadState.READY, len(content))
    async with site.directory.reading() as directory:
        [file] = await directory.uploads.files(upload.id)
    assert b"".join([piece async for piece in site.media.read(file.hash)]) == content
    assert await site.parts.uploads() == []


async def test_of_two_who_go_on_at_once_one_wins(site: Site) -> None:
    (one, _), (two, finish) = site.server(), site.server()
    content = b"abc" * PART_BYTES
    upload = await one.begin(ANN, "a.bin", len(content), picture=False)
    results = await asyncio.gather(
        one.receive(ANN, upload.id, 0, stream(content)),
        two.receive(ANN, upload.id, 0, stream(content)),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["Upload", "WrongOffsetError"]
    await finish.step()
    assert (await one.get(ANN, upload.id)).state is UploadState.READY


async def test_whose_server_died_is_looked_at_by_another(site: Site) -> None:
    uploads, finish = site.server()
    upload = await uploads.begin(ANN, "a.txt", 3, picture=False)
    await uploads.receive(ANN, upload.id, 0, stream(b"abc"))
    async with site.directory.transaction() as transaction:  # as one that began, and was killed
        assert await transaction.uploads.hold(upload.id, site.clock(), site.clock() + HOLD_MS)
    await finish.step()
    assert (await uploads.get(ANN, upload.id)).state is UploadState.PROCESSING
    site.clock.now += HOLD_MS
    await finish.step()
    assert (await uploads.get(ANN, upload.id)).state is UploadState.READY


async def test_bytes_with_a_checksum_count_altogether_or_not(site: Site) -> None:
    uploads, _ = site.server()
    content = b"x" * (3 * PART_BYTES)
    upload = await uploads.begin(ANN, "a", len(content), picture=False)
    with pytest.raises(ChecksumError):
        await uploads.receive(ANN, upload.id, 0, stream(content), Checksum("sha1", bytes(20)))
    assert (await uploads.get(ANN, upload.id)).received == 0
    with pytest.raises(BrokenOffError):
        await uploads.receive(
            ANN, upload.id, 0, stream(content[:-1], then=BrokenOffError), Checksum("sha256", bytes(32))
        )
    assert (await uploads.get(ANN, upload.id)).received == 0


async def test_bytes_that_do_not_count_take_no_room(site: Site) -> None:
    uploads, _ = site.server()
    content = b"x" * (3 * PART_BYTES)
    upload = await uploads.begin(ANN, "a", len(content), picture=False)
    for checksum, body, failure in (
        (Checksum("sha1", bytes(20)), stream(content), ChecksumError),
        (Checksum("sha1", bytes(20)), stream(content[:-1], then=BrokenOffError), BrokenOffError),
        (None, stream(content[:PART_BYTES], content), Refused),
    ):
        with pytest.raises(failure):
            await uploads.receive(ANN, upload.id, 0, body, checksum)
        assert site.kept(upload.id) == []
    (other, _) = site.server()
    await asyncio.gather(
        *(one.receive(ANN, upload.id, 0, stream(content)) for one in (uploads, other)), return_exceptions=True
    )
    async with site.directory.reading() as directory:
        parts = await directory.uploads.parts(upload.id)
    assert site.kept(upload.id) == sorted(part.name for part in parts)


async def test_of_many_posters_one_takes_room(site: Site) -> None:
    uploads, _ = site.server()
    upload = await uploads.begin(ANN, "a.mp4", 10, picture=False)
    for _ in range(3):
        await uploads.set_poster(ANN, upload.id, stream(b"a picture"))
    await asyncio.gather(*(uploads.set_poster(ANN, upload.id, stream(b"a picture")) for _ in range(3)))
    assert site.kept(upload.id) == [(await uploads.get(ANN, upload.id)).poster]


async def test_more_than_was_declared_is_bad_and_nothing_of_it_is_lost(site: Site) -> None:
    uploads, _ = site.server()
    upload = await uploads.begin(ANN, "a", 10, picture=False)
    assert await refused(uploads.receive(ANN, upload.id, 0, stream(b"12345", b"678901"))) is Code.BAD_MEDIA
    again = await uploads.get(ANN, upload.id)
    assert again.state is UploadState.RECEIVING
    await uploads.receive(ANN, upload.id, again.received, stream(b"1234567890"[again.received :]))


async def test_the_bounds_of_an_account(site: Site) -> None:
    uploads, finish = site.server()
    assert await refused(uploads.begin(ANN, "a", (8 << 20) + 1, picture=False)) is Code.MEDIA_TOO_LARGE
    made = await asyncio.gather(*(uploads.begin(ANN, "a", 1, picture=False) for _ in range(5)), return_exceptions=True)
    codes = [one.code for one in made if isinstance(one, Refused)]
    assert codes == [Code.TOO_MANY] * 2
    large = await uploads.begin(BEN, "b", 8 << 20, picture=False)
    assert await refused(uploads.begin(BEN, "b", 3 << 20, picture=False)) is Code.QUOTA
    await uploads.remove(BEN, large.id)
    assert await refused(uploads.get(BEN, large.id)) is Code.NO_UPLOAD
    await uploads.begin(BEN, "b", 3 << 20, picture=False)
    del finish


async def test_uploads_of_nothing_are_bounded_until_they_are_looked_at(site: Site) -> None:
    uploads, finish = site.server()
    for _ in range(RULES.unfinished):
        await uploads.begin(ANN, "empty", 0, picture=False)
    assert await refused(uploads.begin(ANN, "empty", 0, picture=False)) is Code.TOO_MANY
    await finish.step()
    await uploads.begin(ANN, "empty", 0, picture=False)


async def test_a_full_disk_is_told_before_an_upload_begins(site: Site) -> None:
    uploads = Uploads(site.directory, FileUploadStore(site.folder / "full", 1.0), Snowflake(9), site.clock, RULES)
    assert await refused(uploads.begin(ANN, "a", 1, picture=False)) is Code.STORAGE_FULL
    async with site.directory.reading() as directory:
        assert (await directory.uploads.usage(ANN)).size == 0


async def test_room_that_is_announced_is_not_given_twice(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 26 MB an upload of 6 takes 18: its parts, the file put together, and what is made of it."""
    uploads, _ = site.server()
    disk = shutil.disk_usage(site.folder)._replace(total=26 << 20, free=26 << 20)
    monkeypatch.setattr("chinwag.adapters.files.upload_store.shutil.disk_usage", lambda _: disk)
    both = [uploads.begin(who, "a", 6 << 20, picture=False) for who in (ANN, BEN)]
    answers = await asyncio.gather(*both, return_exceptions=True)
    assert Code.STORAGE_FULL in [one.code for one in answers if isinstance(one, Refused)], "two at once"
    for answer in answers:
        if isinstance(answer, Upload):
            await uploads.remove(answer.account, answer.id)
    first = await uploads.begin(ANN, "a", 6 << 20, picture=False)
    other, _ = site.server()
    assert await refused(other.begin(BEN, "b", 6 << 20, picture=False)) is Code.STORAGE_FULL, "at another server"
    await other.begin(BEN, "c", 2 << 20, picture=False)
    site.clock.now += PROMISED_MS
    await other.begin(BEN, "b", 6 << 20, picture=False)  # nothing came of the others
    assert (await uploads.get(first.account, first.id)).state is UploadState.RECEIVING


async def test_what_is_taken_finds_room_to_be_looked_at(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a disk of 10 MB, as full as what lies there."""
    uploads, finish = site.server()
    real = shutil.disk_usage(site.folder)

    def disk(_: Path) -> Any:
        files = [path for kind in ("uploads", "media", "work-0") for path in (site.folder / kind).rglob("*")]
        return real._replace(
            total=10 << 20, free=(10 << 20) - sum(path.stat().st_size for path in files if path.is_file())
        )

    monkeypatch.setattr("chinwag.adapters.files.upload_store.shutil.disk_usage", disk)
    assert await refused(uploads.begin(ANN, "a", 4 << 20, picture=False)) is Code.STORAGE_FULL
    upload = await uploads.begin(ANN, "a", 3 << 20, picture=False)
    await uploads.receive(ANN, upload.id, 0, stream(bytes(3 << 20)))
    await finish.step()
    assert (await uploads.get(ANN, upload.id)).state is UploadState.READY


async def test_two_looks_do_not_count_on_the_same_room(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads, finish = site.server()
    made = []
    for who in (ANN, BEN):
        upload = await uploads.begin(who, "a", 3 << 20, picture=False)
        await uploads.receive(who, upload.id, 0, stream(bytes(3 << 20)))
        made.append(upload)
    disk = shutil.disk_usage(site.folder)._replace(total=10 << 20, free=10 << 20)
    monkeypatch.setattr("chinwag.flow.media.room.shutil.disk_usage", lambda _: disk)
    looking, go_on = asyncio.Event(), asyncio.Event()
    inspect = site.workshop.inspect

    async def slow(*paths: Any, **words: Any) -> Any:
        looking.set()
        await go_on.wait()
        return await inspect(*paths, **words)

    monkeypatch.setattr(site.workshop, "inspect", slow)
    first = asyncio.create_task(finish.step())
    await looking.wait()
    await finish.step()  # 6 of 10 MB are held
    states = [(await uploads.get(upload.account, upload.id)).held_until - site.clock.now for upload in made]
    assert sorted(states) == [AGAIN_MS, HOLD_MS], "the second waits"
    go_on.set()
    await first
    site.clock.now += AGAIN_MS
    await finish.step()
    assert {(await uploads.get(upload.account, upload.id)).state for upload in made} == {UploadState.READY}


async def test_whoever_brings_many_holds_up_nobody_else(site: Site) -> None:
    uploads, finish = site.server()
    many = [await uploads.begin(ANN, "empty", 0, picture=False) for _ in range(RULES.unfinished)]
    site.clock.now += 1_000
    one = await uploads.begin(BEN, "empty", 0, picture=False)
    await finish.step()
    await finish.step()
    assert (await uploads.get(BEN, one.id)).state is UploadState.READY
    states = [(await uploads.get(ANN, upload.id)).state for upload in many]
    assert states == [UploadState.READY, *[UploadState.PROCESSING] * (len(many) - 1)]


async def test_uploads_that_no_message_shows_are_bounded(site: Site) -> None:
    uploads, finish = site.server()
    made = []
    for _ in range(RULES.unsent):
        made.append(await uploads.begin(ANN, "empty", 0, picture=False))
        await finish.step()
    assert await refused(uploads.begin(ANN, "one more", 0, picture=False)) is Code.QUOTA
    await uploads.begin(BEN, "another's", 0, picture=False)
    async with site.directory.transaction() as transaction:
        await transaction.media_references.put([MediaReference(made[0].id, ConversationId("g~1"), 5)])
    await uploads.begin(ANN, "once one is shown", 0, picture=False)


async def test_what_has_come_waits_for_room_to_be_looked_at(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads, finish = site.server()
    upload = await uploads.begin(ANN, "a.txt", 3, picture=False)
    await uploads.receive(ANN, upload.id, 0, stream(b"abc"))
    with monkeypatch.context() as full:
        full.setattr(site.parts, "_free", 1.0)
        await finish.step()
        assert (await uploads.get(ANN, upload.id)).state is UploadState.PROCESSING
        assert [blob async for blob in site.media.blobs()] == [], "nothing was written to the disk that is full"
    site.clock.now += AGAIN_MS
    await finish.step()
    assert (await uploads.get(ANN, upload.id)).state is UploadState.READY


async def test_what_nobody_finished_goes_after_a_day_and_what_goes_on_stays(site: Site) -> None:
    uploads, finish = site.server()
    idle = await uploads.begin(ANN, "a", 10, picture=False)
    going = await uploads.begin(ANN, "b", 10, picture=False)
    done = await uploads.begin(ANN, "c", 3, picture=False)
    for upload, content in ((idle, b"12"), (going, b"12"), (done, b"123")):
        await uploads.receive(ANN, upload.id, 0, stream(content))
    await finish.step()
    site.clock.now += 23 * HOUR_MS
    await uploads.receive(ANN, going.id, 2, stream(b"3"))
    await expire_uploads(site.directory, site.parts, site.clock)
    assert (await uploads.get(ANN, idle.id)).received == 2
    site.clock.now += 2 * HOUR_MS
    await expire_uploads(site.directory, site.parts, site.clock)
    assert await refused(uploads.get(ANN, idle.id)) is Code.NO_UPLOAD
    assert (await uploads.get(ANN, going.id)).received == 3
    assert (await uploads.get(ANN, done.id)).state is UploadState.READY
    assert await site.parts.uploads() == [going.id]


async def test_parts_that_a_crash_left_are_swept(site: Site) -> None:
    uploads, _ = site.server()
    upload = await uploads.begin(ANN, "a", 10, picture=False)
    await uploads.receive(ANN, upload.id, 0, stream(b"12"))
    await site.parts.put(UploadId("999"), "left", b"x")
    await expire_uploads(site.directory, site.parts, site.clock)
    assert await site.parts.uploads() == [upload.id]


async def test_whoever_waits_for_an_upload_is_told_when_it_is_ready(site: Site) -> None:
    uploads, finish = site.server()
    upload = await uploads.begin(ANN, "a.txt", 3, picture=False)
    await uploads.receive(ANN, upload.id, 0, stream(b"abc"))
    waiting = asyncio.create_task(uploads.wait(ANN, upload.id, 60))
    await asyncio.sleep(0)
    assert not waiting.done()
    await finish.step()
    assert (await waiting).state is UploadState.READY
    assert (await uploads.wait(ANN, upload.id, 60)).state is UploadState.READY
    assert await refused(uploads.wait(BEN, upload.id, 60)) is Code.NO_UPLOAD


async def test_a_send_of_media_holds_up_nobody_else(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction of no account is alone in the whole directory: on a cluster nobody else would write meanwhile."""
    uploads, finish = site.server()
    upload = await uploads.begin(ANN, "a.txt", 3, picture=False)
    await uploads.receive(ANN, upload.id, 0, stream(b"abc"))
    await finish.step()
    transaction, accounts = site.directory.transaction, []

    def noted(*, account: AccountId | None = None, device: DeviceId | None = None) -> Any:
        accounts.append(account)
        return transaction(account=account, device=device)

    monkeypatch.setattr(site.directory, "transaction", noted)
    own = OwnMedia(site.directory, uploads, Forwarding(), site.clock)  # type: ignore[arg-type]
    site.clock.now += HOUR_MS
    media = await own.see(ANN, Attach(upload.id))
    forwarded = await own.see(BEN, Attach(source=MessageName(ConversationId("g~1"), int(upload.id))))
    assert media.id == forwarded.id == upload.id
    assert accounts == [ANN, BEN]
    assert (await uploads.get(ANN, upload.id)).expires_at == site.clock.now + CLAIM_MS


class Forwarding:
    """Messages that anybody may read, each showing the upload of its number."""

    async def media(self, _account: AccountId, _conversation: ConversationId, number: int) -> Media:
        return Media(UploadId(str(number)), "a.txt", "application/octet-stream", 3)


async def test_what_cannot_be_taken_away_is_no_reason_to_go_on_at_once(site: Site) -> None:
    for number in range(BATCH):  # files where folders belong
        (site.folder / "uploads" / f"stray-{number}").write_bytes(b"")
    assert not await expire_uploads(site.directory, site.parts, site.clock)


async def test_a_copy_for_which_the_store_was_away_is_made_later(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads, finish = site.server()
    upload = await uploads.begin(ANN, "a.txt", 3, picture=False)
    await uploads.receive(ANN, upload.id, 0, stream(b"abc"))
    inspect, put = site.workshop.inspect, site.media.put

    async def worth_a_copy(*paths: Any, **words: Any) -> Any:
        return msgspec.structs.replace(await inspect(*paths, **words), to_copy=True)

    async def copied(_: Path, into: Path, __: float | None) -> Path:
        (into / "copy").write_bytes(b"ab")
        return into / "copy"

    async def away(_: Any) -> Any:
        raise Refused(Code.UNAVAILABLE)

    monkeypatch.setattr(site.workshop, "inspect", worth_a_copy)
    monkeypatch.setattr(site.workshop, "smaller_copy", copied)
    await finish.step()
    [copies] = [job for job in finish.jobs() if job.name == "media-copies"]
    for _ in range(COPY_TRIES):
        monkeypatch.setattr(site.media, "put", away)
        assert await refused(copies.step()) is Code.UNAVAILABLE
    monkeypatch.setattr(site.media, "put", put)
    assert await copies.step()
    async with site.directory.reading() as directory:
        assert MadeKind.PLAY in {file.kind for file in await directory.uploads.files(upload.id)}
    assert not await copies.step()

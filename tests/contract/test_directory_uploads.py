"""The contract of the Directory's uploads and blobs, over every adapter."""

import asyncio

import msgspec
import pytest
from tests.contract.directories import Open, people

from chinwag.domain.ids import AccountId, ConversationId, UploadId
from chinwag.domain.media import Traits
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.directory import (
    PARTS_MOST,
    Blob,
    Directory,
    MadeFile,
    MadeKind,
    MediaReference,
    Part,
    Upload,
    UploadState,
    Usage,
)

ANN, BEN = AccountId("1"), AccountId("2")
ONE, TWO = UploadId("10"), UploadId("11")
PICTURE = Upload(
    id=ONE,
    account=ANN,
    name="caf\u00e9.png",
    picture=True,
    size=10,
    created_at=1,
    expires_at=100,
    metadata="filename x",
)
FOUND = Traits("image/webp", 7, 4, 3, 0.0, "1QcSHQRnh493V4dIh4eXh1h4kJUI")
HASHES = ["a" * 64, "b" * 64]
FILES = [
    MadeFile(MadeKind.SMALL, HASHES[1], 3, "image/webp"),
    MadeFile(MadeKind.ORIGINAL, HASHES[0], 7, "image/webp"),
]


async def put(directory: Directory, *uploads: Upload) -> None:
    async with directory.transaction(account=ANN) as transaction:
        for upload in uploads:
            await transaction.uploads.add(upload)


async def test_an_upload_goes_from_its_first_byte_to_what_was_found(directory: Directory, opener: Open) -> None:
    await people(directory, "1", "2")
    await put(directory, PICTURE)
    async with directory.transaction(account=ANN) as transaction:
        uploads = transaction.uploads
        assert await uploads.get(ONE) == PICTURE
        assert not await uploads.received(ONE, [Part(1, 2, "gap")], 200), "a gap"
        assert not await uploads.received(ONE, [Part(0, 11, "long")], 200), "more than was declared"
        assert await uploads.received(ONE, [Part(0, 3, "p0"), Part(3, 3, "p1")], 200)
        assert not await uploads.received(ONE, [Part(0, 3, "again")], 200)
        assert not await uploads.hold(ONE, 5, 9), "it is not whole"
        assert await uploads.set_poster(ONE, "poster")
        assert not await uploads.ready(ONE, FOUND, FILES, 300)
    again = await opener()
    async with again.transaction(account=ANN) as transaction:
        uploads = transaction.uploads
        assert await uploads.received(ONE, [Part(6, 4, "p2")], 201)
        assert [part.name for part in await uploads.parts(ONE)] == ["p0", "p1", "p2"]
        assert not await uploads.set_poster(ONE, "later")
        assert await uploads.hold(ONE, 5, 9)
        assert not await uploads.hold(ONE, 8, 12), "somebody has it"
        assert await uploads.hold(ONE, 9, 12), "who had it has had its time"
        whole = await uploads.get(ONE)
        assert whole is not None
        assert (whole.received, whole.state, whole.poster) == (10, UploadState.PROCESSING, "poster")
        assert await uploads.ready(ONE, FOUND, FILES, 300)
        assert not await uploads.ready(ONE, FOUND, FILES, 300), "by another who looked at it as well"
        assert await uploads.parts(ONE) == []
        assert await uploads.files(ONE) == FILES
        ready = await uploads.get(ONE)
        assert ready is not None
        assert (ready.state, ready.found, ready.size, ready.expires_at) == (UploadState.READY, FOUND, 7, 300)
    await again.close()


async def test_two_who_go_on_with_one_upload_do_not_both(directory: Directory) -> None:
    await people(directory, "1")
    await put(directory, PICTURE)

    async def go_on(name: str) -> bool:
        async with directory.transaction(account=ANN) as transaction:
            return await transaction.uploads.received(ONE, [Part(0, 5, name)], 200)

    assert sorted(await asyncio.gather(*(go_on(str(one)) for one in range(5)))) == [False] * 4 + [True]
    async with directory.reading() as reading:
        assert len(await reading.uploads.parts(ONE)) == 1


async def test_an_upload_has_so_many_parts(directory: Directory) -> None:
    await people(directory, "1")
    await put(directory, msgspec.structs.replace(PICTURE, size=PARTS_MOST * 2))
    parts = [Part(at, 1, str(at)) for at in range(PARTS_MOST + 1)]
    async with directory.transaction(account=ANN) as transaction:
        assert await transaction.uploads.received(ONE, parts[:-2], 200)
        with pytest.raises(Refused) as refusal:
            await transaction.uploads.received(ONE, parts[-2:], 200)
        assert await transaction.uploads.received(ONE, parts[-2:-1], 200)
    assert refusal.value.code is Code.TOO_MANY


async def test_an_account_is_told_what_it_takes(directory: Directory) -> None:
    await people(directory, "1", "2")
    await put(directory, PICTURE, msgspec.structs.replace(PICTURE, id=TWO, size=20))
    async with directory.transaction() as transaction:
        assert await transaction.uploads.usage(BEN) == Usage(0, 0)
        assert await transaction.uploads.usage(ANN) == Usage(2, 30)
        assert [await transaction.uploads.promised(since) for since in (99, 100)] == [30, 0], "expired ones not"
        await transaction.uploads.received(ONE, [Part(0, 10, "p")], 200)
        assert await transaction.uploads.usage(ANN) == Usage(2, 30), "nobody has looked at it yet"
        assert await transaction.uploads.promised(0) == 20, "bytes that have come are no longer promised"
        await transaction.uploads.ready(ONE, FOUND, FILES, 300)
        assert await transaction.uploads.usage(ANN) == Usage(1, 27, 1)
        assert await transaction.uploads.unsent_of(ANN, 9) == 1
        await transaction.uploads.received(TWO, [Part(0, 20, "q")], 200)
        await transaction.uploads.ready(TWO, FOUND, FILES, 300)
        assert [await transaction.uploads.unsent_of(ANN, limit) for limit in (1, 9)] == [1, 2]
        assert await transaction.uploads.unsent_of(BEN, 9) == 0
        await transaction.media_references.put([MediaReference(ONE, ConversationId("g~1"), 1)])
        assert await transaction.uploads.unsent_of(ANN, 9) == 1
        assert [one.id for one in await transaction.uploads.of_account(ANN, None, 9)] == [ONE, TWO]
        assert [one.id for one in await transaction.uploads.of_account(ANN, ONE, 9)] == [TWO]
        assert await transaction.uploads.count() == {
            UploadState.RECEIVING: 0,
            UploadState.PROCESSING: 0,
            UploadState.READY: 2,
        }


async def test_what_is_due_and_what_expired_is_found_in_its_order(directory: Directory) -> None:
    await people(directory, "1")
    made = [msgspec.structs.replace(PICTURE, id=UploadId(str(at)), expires_at=100 - at) for at in range(5)]
    await put(directory, *made)
    async with directory.transaction() as transaction:
        uploads = transaction.uploads
        for name in ("1", "2", "3"):
            await uploads.received(UploadId(name), [Part(0, 10, "p")], 100 - int(name))
        await uploads.hold(UploadId("2"), 1, 50)
        await uploads.ready(UploadId("3"), FOUND, FILES, 97)
        assert [one.id for one in await uploads.due(49, 9)] == ["1"]
        assert [one.id for one in await uploads.due(50, 9)] == ["2", "1"]
        assert [one.id for one in await uploads.unfinished(100, 2)] == ["4", "2"]
        assert [one.id for one in await uploads.unfinished(98, 9)] == ["4"]
        assert [one.id for one in await uploads.unsent(98, 9)] == ["3"]
        assert await uploads.unsent(97, 9) == []
        await uploads.keep(UploadId("3"), 500)
        assert await uploads.unsent(98, 9) == []


async def test_a_removed_upload_names_no_blob(directory: Directory) -> None:
    await people(directory, "1")
    await put(directory, PICTURE, msgspec.structs.replace(PICTURE, id=TWO))
    async with directory.transaction() as transaction:
        uploads = transaction.uploads
        for name in (ONE, TWO):
            await uploads.received(name, [Part(0, 10, "p")], 200)
            await uploads.ready(name, FOUND, FILES, 300)
        play = MadeFile(MadeKind.PLAY, "c" * 64, 5, "video/mp4")
        assert await uploads.add_file(ONE, msgspec.structs.replace(play, hash="d" * 64))
        assert await uploads.add_file(ONE, play)
        assert play in await uploads.files(ONE)
        assert (await uploads.naming(HASHES[0]), await uploads.naming(play.hash)) == (2, 1)
        await uploads.remove(ONE)
        assert (await uploads.naming(HASHES[0]), await uploads.naming(play.hash)) == (1, 0)
        assert await uploads.get(ONE) is None
        assert not await uploads.add_file(ONE, play)


async def test_a_dying_blob_is_not_claimed(directory: Directory) -> None:
    one, two = (Blob(hash_, 5, 10) for hash_ in HASHES)
    async with directory.transaction() as transaction:
        blobs = transaction.blobs
        assert await blobs.claim([two, one, one]) == []
        assert await blobs.claim([msgspec.structs.replace(one, claimed_at=20)]) == []
        assert await blobs.claim([msgspec.structs.replace(one, claimed_at=15)]) == []
        assert await blobs.get(one.hash) == Blob(one.hash, 5, 20)
        await blobs.doom(two.hash)
    async with directory.transaction() as transaction:
        blobs = transaction.blobs
        assert await blobs.claim([msgspec.structs.replace(two, claimed_at=30), one]) == [two.hash]
        assert await blobs.dying(9) == [Blob(two.hash, 5, 10, True)]
        assert [one.hash for one in await blobs.seize(30, 30, 9)] == [two.hash]
        await blobs.forget(msgspec.structs.replace(two, claimed_at=29))
        assert await blobs.get(two.hash) == msgspec.structs.replace(two, claimed_at=30, dying=True)
        assert await blobs.seize(35, 30, 9) == []
        await blobs.forget(msgspec.structs.replace(two, claimed_at=30))
        assert await blobs.claim([two]) == []
        assert [blob.hash for blob in await blobs.page("", 9)] == HASHES

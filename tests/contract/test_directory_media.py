"""The contract of the Directory's avatars and of its references to uploads, over every adapter."""

from tests.contract.directories import Open, people

from chinwag.domain.ids import AccountId, ConversationId, UploadId
from chinwag.domain.media import Traits
from chinwag.domain.media_status import MediaStatus
from chinwag.ports.directory import (
    Avatar,
    Blob,
    Directory,
    ErasureStage,
    MadeFile,
    MadeKind,
    MediaReading,
    MediaReference,
    Part,
    Transaction,
    Upload,
    UploadState,
)
from chinwag.ports.follower import Reached, Walk

ANN, BEN = AccountId("1"), AccountId("2")
GROUP, OTHER = ConversationId("g~1"), ConversationId("g~2")
HASHES = [letter * 64 for letter in "abcd"]


def own(id_: str, hash_: str, at: int, account: AccountId = ANN) -> Avatar:
    return Avatar(id_, account, None, hash_, 5, at, placed=True)


def for_group(id_: str, hash_: str, at: int, group: ConversationId = GROUP) -> Avatar:
    return Avatar(id_, ANN, group, hash_, 5, at, placed=False)


async def add(transaction: Transaction, *avatars: Avatar) -> None:
    for avatar in avatars:
        assert await transaction.blobs.claim([Blob(avatar.hash, avatar.size, avatar.claimed_at)]) == []
        await transaction.avatars.add(avatar)


async def upload(transaction: Transaction, id_: str, account: AccountId, hash_: str | None) -> None:
    """One that is ready as a blob, or unfinished."""
    await transaction.uploads.add(
        Upload(
            id=UploadId(id_),
            account=account,
            name="cat.png",
            picture=True,
            size=5,
            created_at=1,
            expires_at=50,
            metadata="filename Y2F0",
            state=UploadState.RECEIVING if hash_ is None else UploadState.PROCESSING,
        )
    )
    if hash_ is not None:
        await transaction.blobs.claim([Blob(hash_, 5, 10)])
        made = MadeFile(MadeKind.ORIGINAL, hash_, 5, "image/png")
        assert await transaction.uploads.ready(UploadId(id_), Traits("image/png", 5), [made], 50)


async def test_an_account_has_the_picture_that_was_set_last(directory: Directory, opener: Open) -> None:
    await people(directory, "1", "2")
    async with directory.transaction() as transaction:
        await add(transaction, own("7", HASHES[0], 10), own("8", HASHES[1], 20))
        before = await transaction.accounts.get(ANN)
        assert before is not None
        assert before.avatar == ""
        changed = await transaction.accounts.set_avatar(ANN, "8")
        assert (changed.avatar, changed.version, changed.profile_version) == (
            "8",
            before.version + 1,
            before.profile_version + 1,
        )
        await transaction.avatars.remove("7")
        await transaction.avatars.remove("7")
    again = await opener()
    async with again.reading() as reading:
        found = await reading.accounts.get(ANN)
        assert found is not None
        assert found.avatar == "8"
        assert await reading.avatars.get("7") is None
        assert await reading.avatars.get("8") == own("8", HASHES[1], 20)
        assert await reading.avatars.page("", 9) == [own("8", HASHES[1], 20)]
        assert await reading.avatars.page("8", 9) == []
    await again.close()


async def test_a_blob_that_only_a_removed_picture_claimed_may_go_at_once(directory: Directory) -> None:
    await people(directory, "1")
    async with directory.transaction() as transaction:
        await add(transaction, own("7", HASHES[0], 10), own("8", HASHES[1], 10))
        await transaction.blobs.claim([Blob(HASHES[1], 5, 11)])
        for one in ("7", "8"):
            await transaction.avatars.remove(one)
        assert await transaction.media_references.unneeded(1, 9) == [HASHES[0]]
        assert await transaction.media_references.unneeded(12, 9) == HASHES[:2]


async def test_a_group_has_one_picture_and_others_on_their_way(directory: Directory) -> None:
    await people(directory, "1")
    async with directory.transaction() as transaction:
        avatars = transaction.avatars
        await add(transaction, for_group("1", HASHES[0], 10), for_group("2", HASHES[1], 20))
        await add(transaction, for_group("3", HASHES[2], 30), for_group("4", HASHES[3], 40, OTHER))
        assert await avatars.waiting(GROUP) == 3
        assert [one.id for one in await avatars.stray(30, 9)] == ["1", "2"]
        await avatars.place(GROUP, "1")
        await avatars.place(GROUP, "1")
        assert (await avatars.waiting(GROUP), [one.id for one in await avatars.stray(99, 1)]) == (2, ["2"])
        await avatars.place(GROUP, "3")
        assert [one.id for one in await avatars.page("", 9)] == ["2", "3", "4"]
        await avatars.place(GROUP, "")
        assert [one.id for one in await avatars.page("", 9)] == ["2", "4"]
        assert await avatars.waiting(OTHER) == 1


async def test_references_and_how_far_they_are_kept_last(directory: Directory, opener: Open) -> None:
    first, second = Reached(1, (0, 0), Walk()), Reached(1, (3, 4), Walk(GROUP, 7))
    async with directory.transaction() as transaction:
        references = transaction.media_references
        assert await references.reading() is None
        assert not await references.move(first, MediaReading(second))
        await references.begin(MediaReading(first))
        await references.put([])
        await references.put([MediaReference(UploadId("u"), GROUP, 1), MediaReference(UploadId("v"), GROUP, 2)])
        await references.put([MediaReference(UploadId("w"), GROUP, 2), MediaReference(UploadId("u"), OTHER, 2)])
        assert await references.move(first, MediaReading(second, 5))
        assert not await references.move(first, MediaReading(first, 6))
    again = await opener()
    async with again.reading() as reading:
        assert await reading.media_references.reading() == MediaReading(second, 5)
        assert await reading.media_references.count() == 3
        asked = [UploadId(one) for one in "uvwx"]
        assert await reading.media_references.referred(asked) == {"u", "w"}
    async with again.transaction() as transaction:
        references = transaction.media_references
        await references.remove(GROUP, [2, 3])
        assert await references.referred(asked) == {"u"}
        await references.remove(GROUP, [1])
        assert await references.referred(asked) == {"u"}
        await references.remove_all(OTHER)
        assert await references.count() == 0
        await references.put([MediaReference(UploadId("u"), GROUP, 1)])
        await references.begin(MediaReading(first))
        assert (await references.count(), await references.reading()) == (0, MediaReading(first))
    await again.close()


async def test_a_blob_is_needed_while_a_row_names_it_or_its_claim_is_young(directory: Directory) -> None:
    await people(directory, "1")
    async with directory.transaction() as transaction:
        references = transaction.media_references
        await upload(transaction, "u", ANN, HASHES[0])
        await add(transaction, own("7", HASHES[1], 10))
        await transaction.blobs.claim([Blob(HASHES[2], 5, 10), Blob(HASHES[3], 5, 20)])
        assert await references.unneeded(20, 9) == [HASHES[2]]
        await transaction.uploads.remove(UploadId("u"))
        await transaction.avatars.remove("7")
        assert await references.unneeded(21, 9) == HASHES
        assert await references.unneeded(21, 2) == HASHES[:2]
        await transaction.blobs.doom(HASHES[0])
        assert await references.unneeded(21, 9) == HASHES[1:]


async def test_what_a_closed_account_was_uploading_is_not_gone_on_with(directory: Directory) -> None:
    await people(directory, "1")
    made = MadeFile(MadeKind.ORIGINAL, HASHES[0], 5, "image/png")
    half, looked = UploadId("half"), UploadId("looked")
    async with directory.transaction() as transaction:
        uploads = transaction.uploads
        for name in (half, looked):
            await upload(transaction, name, ANN, None)
        await uploads.received(looked, [Part(0, 5, "p")], 50)
        assert [one.id for one in await uploads.due(9, 9)] == [looked]
        assert await uploads.hold(looked, 9, 20)
        await transaction.accounts.close(ANN, 10)
        await transaction.erasures.begin(ANN, 10)
        assert not await uploads.received(half, [Part(0, 3, "p")], 60), "by a request that was under way"
        assert await uploads.due(30, 9) == []
        assert not await uploads.hold(looked, 30, 40)
        assert not await uploads.ready(looked, Traits("image/png", 5), [made], 70), "by whoever was looking at it"
        assert {one.id for one in await uploads.unfinished(1, 9)} == {half, looked}


async def test_a_closed_account_loses_its_picture_and_its_unfinished_uploads(directory: Directory) -> None:
    await people(directory, "1", "2")
    async with directory.transaction() as transaction:
        await add(transaction, own("7", HASHES[0], 10), for_group("8", HASHES[1], 10))
        await add(transaction, own("9", HASHES[2], 10, BEN))
        await transaction.accounts.set_avatar(ANN, "7")
        await transaction.avatars.place(GROUP, "8")
        await upload(transaction, "sent", ANN, HASHES[3])
        await upload(transaction, "half", ANN, None)
        await upload(transaction, "other", BEN, None)
        assert (await transaction.accounts.close(ANN, 5)).avatar == ""
        await transaction.erasures.begin(ANN, 5)
        assert [one.id for one in await transaction.avatars.page("", 9)] == ["8", "9"]
        assert await transaction.media_references.unneeded(1, 9) == [HASHES[0]]
        assert [one.id for one in await transaction.uploads.unfinished(1, 9)] == ["half"]
        half = await transaction.uploads.get(UploadId("half"))
        assert half is not None
        assert (half.name, half.metadata) == ("", "")
        assert await transaction.erasures.waits(ANN)
        await transaction.uploads.remove(UploadId("half"))
        assert not await transaction.erasures.waits(ANN)
        assert [one.stage for one in await transaction.erasures.page(ErasureStage.CLOSED, None, 9)] == [0]
        status = await transaction.media_references.status()
        assert status == MediaStatus(files=4, bytes=20, dying=0, shown=0, unfinished=1, read_at=0)
        sent = await transaction.uploads.get(UploadId("sent"))
        assert sent is not None
        assert sent.name == "cat.png"

"""A data folder in which people send files, with a clock that a test sets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.backstage import Backstage, backstage

from chinwag.adapters.files import FileMediaStore
from chinwag.domain.body import Media
from chinwag.domain.command import Send
from chinwag.domain.ids import AccountId, ConversationId, UploadId, direct_id
from chinwag.domain.media import Traits
from chinwag.flow.avatars.make import claim
from chinwag.flow.clock import system_clock
from chinwag.flow.collecting.collect import KEPT_MS, Collect
from chinwag.flow.collecting.references import References
from chinwag.ports.directory import MadeFile, MadeKind, Upload, UploadState

ANN, BEN = AccountId("1"), AccountId("2")
PAIR = direct_id(ANN, BEN)


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content


class World:
    """A folder in which people send files, and a clock."""

    def __init__(self, stage: Backstage, media: FileMediaStore) -> None:
        self.stage = stage
        self.media = media
        self.now = system_clock()
        self.references = References(
            stage.directory,
            stage.embedded.inbox,
            stage.embedded.message_store,
            stage.embedded.log.partitions,
            lambda: self.now,
        )
        self.collecting = Collect(stage.directory, media, lambda: self.now)

    async def upload(self, name: str, *contents: bytes, account: AccountId = ANN) -> list[str]:
        """An upload that is ready, as these blobs; their hashes."""
        hashes = []
        for content in contents:
            blob = await self.media.put(pieces(content))
            hashes.append(blob.hash)
            await claim(self.stage.directory, blob.hash, blob.size, lambda: self.now)
            await self.media.put(pieces(content))
        kinds = list(MadeKind)
        files = [MadeFile(kinds[at], hash_, 1, "image/png") for at, hash_ in enumerate(hashes)]
        async with self.stage.directory.transaction() as transaction:
            upload = Upload(
                id=UploadId(name),
                account=account,
                name=name,
                picture=True,
                size=1,
                created_at=self.now,
                expires_at=self.now + KEPT_MS,
                state=UploadState.PROCESSING,
            )
            await transaction.uploads.add(upload)
            assert await transaction.uploads.ready(upload.id, Traits("image/png", 1), files, self.now + KEPT_MS)
        return hashes

    async def send(self, name: str, conversation: ConversationId = PAIR) -> int:
        """Show the upload; the message's number. It is claimed for it."""
        async with self.stage.directory.transaction() as transaction:
            await transaction.uploads.keep(UploadId(name), self.now + KEPT_MS)
        body = Media(UploadId(name), name, "image/png", 1)
        return (await self.stage.do(ANN, conversation, Send(body))).number

    async def follow(self) -> None:
        """Read to the end of what is placed."""
        while await self.references.step():
            pass

    async def collect(self) -> None:
        """All that is due."""
        await self.follow()
        while await self.collecting.step():
            pass

    async def there(self, *hashes: str) -> list[bool]:
        """Which of the blobs are in the store."""
        return [await self.media.size(one) is not None for one in hashes]

    async def blobs(self) -> set[str]:
        """All that are in the store."""
        return {blob.hash async for blob in self.media.blobs()}


@asynccontextmanager
async def world(data: Path) -> AsyncIterator[World]:
    async with backstage(data) as stage:
        media = FileMediaStore(data / "media")
        try:
            yield World(stage, media)
        finally:
            await media.close()

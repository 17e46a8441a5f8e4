"""References of messages to uploads, and how far they are kept, in their tables."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import delete, func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import avatars, blobs, media_reading, upload_files, uploads
from chinwag.adapters.relational.schema import media_references as table
from chinwag.domain.ids import ConversationId, UploadId
from chinwag.domain.media_status import MediaStatus
from chinwag.ports.directory import PAGE_MAX, MediaReading, MediaReference, UploadState
from chinwag.ports.follower import Reached

_ROW: Final = 1
_decode: Final = msgspec.json.Decoder(Reached).decode


class RelationalMediaReferences:
    """`MediaReferenceRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def reading(self) -> MediaReading | None:
        row = (await self._connection.execute(select(media_reading))).first()
        return None if row is None else MediaReading(_decode(row.reached), row.at_head)

    async def begin(self, reading: MediaReading) -> None:
        await self._connection.execute(delete(table))
        await self._write(reading)

    async def move(self, before: Reached, after: MediaReading) -> bool:
        now = await self.reading()
        if now is None or now.reached != before:
            return False
        await self._write(after)
        return True

    async def put(self, references: Sequence[MediaReference]) -> None:
        rows = {(one.conversation, one.number): one for one in references}
        if not rows:
            return
        same = tuple_(table.c.conversation, table.c.number).in_(list(rows))
        await self._connection.execute(delete(table).where(same))
        await self._connection.execute(insert(table), [msgspec.structs.asdict(one) for one in rows.values()])

    async def remove(self, conversation: ConversationId, numbers: Sequence[int]) -> None:
        await self._connection.execute(
            delete(table).where(table.c.conversation == conversation, table.c.number.in_(numbers))
        )

    async def remove_all(self, conversation: ConversationId) -> None:
        await self._connection.execute(delete(table).where(table.c.conversation == conversation))

    async def referred(self, uploads: Sequence[UploadId]) -> set[UploadId]:
        query = select(table.c.upload).where(table.c.upload.in_(uploads[:PAGE_MAX])).distinct()
        return {UploadId(one) for one in await self._connection.scalars(query)}

    async def unneeded(self, before: int, limit: int) -> list[str]:
        query = (
            select(blobs.c.hash)
            .where(
                blobs.c.dying.is_(False),
                blobs.c.claimed_at < before,
                ~select(upload_files.c.hash).where(upload_files.c.hash == blobs.c.hash).exists(),
                ~select(avatars.c.hash).where(avatars.c.hash == blobs.c.hash).exists(),
            )
            .order_by(blobs.c.hash)
        )
        return list(await self._connection.scalars(query.limit(min(limit, PAGE_MAX))))

    async def of_conversation(self, conversation: ConversationId, before: int, limit: int) -> list[int]:
        query = select(table.c.number).where(table.c.conversation == conversation, table.c.number < before)
        query = query.order_by(table.c.number.desc()).limit(min(limit, PAGE_MAX))
        return list(await self._connection.scalars(query))

    async def count(self) -> int:
        return await self._connection.scalar(select(func.count()).select_from(table)) or 0

    async def status(self) -> MediaStatus:
        counted = select(func.count(), func.coalesce(func.sum(blobs.c.size), 0))
        files, size = (await self._connection.execute(counted)).one()
        dying = select(func.count()).where(blobs.c.dying.is_(True))
        unfinished = select(func.count()).where(uploads.c.state != UploadState.READY.value)
        reading = await self.reading()
        return MediaStatus(
            files=files,
            bytes=int(size),
            dying=await self._connection.scalar(dying) or 0,
            shown=await self.count(),
            unfinished=await self._connection.scalar(unfinished) or 0,
            read_at=0 if reading is None or reading.reached.walk is not None else reading.at_head,
        )

    async def _write(self, reading: MediaReading) -> None:
        values: dict[str, Any] = {
            "id": _ROW,
            "reached": msgspec.json.encode(reading.reached).decode(),
            "at_head": reading.at_head,
        }
        await self._connection.execute(delete(media_reading))
        await self._connection.execute(insert(media_reading).values(values))

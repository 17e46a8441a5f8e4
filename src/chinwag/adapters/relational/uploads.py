"""Uploads in their tables."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import media_references, upload_files, upload_parts, uploads
from chinwag.domain.ids import AccountId, UploadId
from chinwag.domain.media import Traits
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.directory import PAGE_MAX, PARTS_MOST, MadeFile, MadeKind, Part, Upload, UploadState, Usage

_WANTED: Final = uploads.c.expires_at > 0
"""Of those that are not ready: closing their account sets it to 0, and nobody goes on with them."""
_traits: Final = msgspec.json.Decoder(Traits).decode
_encode: Final = msgspec.json.Encoder().encode


class RelationalUploads:
    """`UploadRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, upload: Upload) -> None:
        found = None if upload.found is None else _encode(upload.found).decode()
        values = msgspec.structs.asdict(upload) | {"state": upload.state.value, "found": found, "parts": 0}
        await self._connection.execute(insert(uploads).values(values))

    async def get(self, upload: UploadId) -> Upload | None:
        row = (await self._connection.execute(select(uploads).where(uploads.c.id == upload))).first()
        return None if row is None else _upload(row)

    async def usage(self, account: AccountId) -> Usage:
        query = (
            select(uploads.c.state, func.count(), func.sum(uploads.c.size))
            .where(uploads.c.account == account)
            .group_by(uploads.c.state)
        )
        rows = (await self._connection.execute(query)).all()
        unfinished = sum(count for state, count, _ in rows if state != UploadState.READY)
        ready = sum(count for _, count, _ in rows) - unfinished
        return Usage(unfinished, sum(int(size) for _, _, size in rows), ready)

    async def unsent_of(self, account: AccountId, limit: int) -> int:
        shown = select(media_references.c.upload).where(media_references.c.upload == uploads.c.id).exists()
        mine = (uploads.c.account == account, uploads.c.state == UploadState.READY.value)
        found = select(uploads.c.id).where(*mine, ~shown).limit(limit).subquery()
        return await self._connection.scalar(select(func.count()).select_from(found)) or 0

    async def promised(self, since: int) -> int:
        waiting = (uploads.c.state == UploadState.RECEIVING.value, uploads.c.expires_at > since)
        query = select(func.coalesce(func.sum(uploads.c.size - uploads.c.received), 0)).where(*waiting)
        return int(await self._connection.scalar(query) or 0)

    async def received(self, upload: UploadId, parts: Sequence[Part], expires_at: int) -> bool:
        row = (await self._connection.execute(select(uploads).where(uploads.c.id == upload).with_for_update())).first()
        if row is None or row.state != UploadState.RECEIVING or row.expires_at <= 0:
            return False
        if not parts or parts[0].offset != row.received:
            return False
        count = row.parts + len(parts)
        if count > PARTS_MOST:
            raise Refused(Code.TOO_MANY, f"an upload comes in at most {PARTS_MOST} parts")
        end = parts[-1].offset + parts[-1].size
        if end > row.size:
            return False
        state = UploadState.PROCESSING if end == row.size else UploadState.RECEIVING
        values = {"received": end, "parts": count, "state": state.value, "expires_at": expires_at}
        await self._connection.execute(update(uploads).where(uploads.c.id == upload).values(values))
        rows = [msgspec.structs.asdict(part) | {"upload": upload} for part in parts]
        await self._connection.execute(insert(upload_parts), rows)
        return True

    async def parts(self, upload: UploadId) -> list[Part]:
        query = select(upload_parts).where(upload_parts.c.upload == upload).order_by(upload_parts.c.offset)
        return [Part(row.offset, row.size, row.name) for row in await self._connection.execute(query)]

    async def set_poster(self, upload: UploadId, name: str) -> bool:
        return await self._changed(upload, UploadState.RECEIVING, {"poster": name})

    async def hold(self, upload: UploadId, now: int, until: int) -> bool:
        free = uploads.c.held_until <= now
        return await self._changed(upload, UploadState.PROCESSING, {"held_until": until}, free, _WANTED)

    async def ready(self, upload: UploadId, found: Traits, files: Sequence[MadeFile], expires_at: int) -> bool:
        values = {
            "state": UploadState.READY.value,
            "found": _encode(found).decode(),
            "size": found.size,
            "parts": 0,
            "poster": "",
            "expires_at": expires_at,
        }
        if not await self._changed(upload, UploadState.PROCESSING, values, _WANTED):
            return False
        await self._connection.execute(delete(upload_parts).where(upload_parts.c.upload == upload))
        await self._connection.execute(insert(upload_files), [_row(upload, file) for file in files])
        return True

    async def add_file(self, upload: UploadId, file: MadeFile) -> bool:
        if not await self._changed(upload, UploadState.READY, {"parts": 0}):
            return False
        same = (upload_files.c.upload == upload, upload_files.c.kind == file.kind.value)
        await self._connection.execute(delete(upload_files).where(*same))
        await self._connection.execute(insert(upload_files).values(_row(upload, file)))
        return True

    async def files(self, upload: UploadId) -> list[MadeFile]:
        query = select(upload_files).where(upload_files.c.upload == upload).order_by(upload_files.c.kind)
        rows = await self._connection.execute(query)
        return [MadeFile(MadeKind(row.kind), row.hash, row.size, row.media_type) for row in rows]

    async def remove(self, upload: UploadId) -> None:
        for table in (upload_parts, upload_files):
            await self._connection.execute(delete(table).where(table.c.upload == upload))
        await self._connection.execute(delete(uploads).where(uploads.c.id == upload))

    async def of_account(self, account: AccountId, after: UploadId | None, limit: int) -> list[Upload]:
        query = select(uploads).where(uploads.c.account == account).order_by(uploads.c.id)
        if after is not None:
            query = query.where(uploads.c.id > after)
        return [_upload(row) for row in await self._connection.execute(query.limit(min(limit, PAGE_MAX)))]

    async def due(self, now: int, limit: int) -> list[Upload]:
        query = select(uploads).where(uploads.c.state == UploadState.PROCESSING.value, uploads.c.held_until <= now)
        query = query.where(_WANTED).order_by(uploads.c.expires_at, uploads.c.id).limit(min(limit, PAGE_MAX))
        return [_upload(row) for row in await self._connection.execute(query)]

    async def unfinished(self, before: int, limit: int) -> list[Upload]:
        return await self._expired((UploadState.RECEIVING, UploadState.PROCESSING), before, limit)

    async def unsent(self, before: int, limit: int) -> list[Upload]:
        return await self._expired((UploadState.READY,), before, limit)

    async def keep(self, upload: UploadId, expires_at: int) -> None:
        await self._connection.execute(update(uploads).where(uploads.c.id == upload).values(expires_at=expires_at))

    async def naming(self, hash_: str) -> int:
        return await self._connection.scalar(select(func.count()).where(upload_files.c.hash == hash_)) or 0

    async def count(self) -> dict[UploadState, int]:
        query = select(uploads.c.state, func.count()).group_by(uploads.c.state)
        found = {UploadState(state): count for state, count in await self._connection.execute(query)}
        return {state: found.get(state, 0) for state in UploadState}

    async def _expired(self, states: tuple[UploadState, ...], before: int, limit: int) -> list[Upload]:
        query = select(uploads).where(uploads.c.state.in_([state.value for state in states]))
        query = query.where(uploads.c.expires_at < before).order_by(uploads.c.expires_at, uploads.c.id)
        return [_upload(row) for row in await self._connection.execute(query.limit(min(limit, PAGE_MAX)))]

    async def _changed(self, upload: UploadId, state: UploadState, values: dict[str, Any], *also: Any) -> bool:
        """Give it `values` if it is of that state, and `also` holds; whether it was so."""
        mine = (uploads.c.id == upload, uploads.c.state == state.value, *also)
        done = await self._connection.execute(update(uploads).where(*mine).values(values))
        return done.rowcount == 1


def _row(upload: UploadId, file: MadeFile) -> dict[str, Any]:
    return msgspec.structs.asdict(file) | {"upload": upload, "kind": file.kind.value}


def _upload(row: Row[Any]) -> Upload:
    return Upload(
        id=UploadId(row.id),
        account=AccountId(row.account),
        name=row.name,
        picture=row.picture,
        size=row.size,
        created_at=row.created_at,
        expires_at=row.expires_at,
        metadata=row.metadata,
        received=row.received,
        state=UploadState(row.state),
        held_until=row.held_until,
        poster=row.poster,
        found=None if row.found is None else _traits(row.found),
    )

"""Blobs, and when somebody last needed them, in their table."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, Select, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import blobs
from chinwag.ports.directory import PAGE_MAX, Blob


class RelationalBlobs:
    """`BlobRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def claim(self, claimed: Sequence[Blob]) -> list[str]:
        dying: list[str] = []
        # By hash, so that two who claim the same ones wait for one another and not in a circle.
        for blob in sorted({blob.hash: blob for blob in claimed}.values(), key=lambda blob: blob.hash):
            known = await self.get(blob.hash)
            if known is None:
                values = {"hash": blob.hash, "size": blob.size, "claimed_at": blob.claimed_at, "dying": False}
                await self._connection.execute(insert(blobs).values(values))
            elif known.dying:
                dying.append(blob.hash)
            elif known.claimed_at < blob.claimed_at:
                changed = update(blobs).where(blobs.c.hash == blob.hash).values(claimed_at=blob.claimed_at)
                await self._connection.execute(changed)
        return dying

    async def get(self, hash_: str) -> Blob | None:
        row = (await self._connection.execute(select(blobs).where(blobs.c.hash == hash_))).first()
        return None if row is None else _blob(row)

    async def doom(self, hash_: str) -> None:
        await self._connection.execute(update(blobs).where(blobs.c.hash == hash_).values(dying=True))

    async def dying(self, limit: int) -> list[Blob]:
        return await self._page(select(blobs).where(blobs.c.dying.is_(True)), limit)

    async def seize(self, now: int, before: int, limit: int) -> list[Blob]:
        found = await self._page(select(blobs).where(blobs.c.dying.is_(True), blobs.c.claimed_at < before), limit)
        if found:
            mine = blobs.c.hash.in_([blob.hash for blob in found])
            await self._connection.execute(update(blobs).where(mine).values(claimed_at=now))
        return [msgspec.structs.replace(blob, claimed_at=now) for blob in found]

    async def forget(self, blob: Blob) -> None:
        mine = (blobs.c.hash == blob.hash, blobs.c.dying.is_(True), blobs.c.claimed_at == blob.claimed_at)
        await self._connection.execute(delete(blobs).where(*mine))

    async def page(self, after: str, limit: int) -> list[Blob]:
        return await self._page(select(blobs).where(blobs.c.hash > after), limit)

    async def _page(self, query: Select[Any], limit: int) -> list[Blob]:
        query = query.order_by(blobs.c.hash).limit(min(limit, PAGE_MAX))
        return [_blob(row) for row in await self._connection.execute(query)]


def _blob(row: Row[Any]) -> Blob:
    return Blob(row.hash, row.size, row.claimed_at, row.dying)

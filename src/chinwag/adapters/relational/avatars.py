"""Avatars in their table."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import avatars as table
from chinwag.adapters.relational.schema import blobs
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.ports.directory import PAGE_MAX, Avatar


class RelationalAvatars:
    """`AvatarRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, avatar: Avatar) -> None:
        await self._connection.execute(insert(table).values(msgspec.structs.asdict(avatar)))

    async def get(self, avatar: str) -> Avatar | None:
        row = (await self._connection.execute(select(table).where(table.c.id == avatar))).first()
        return None if row is None else _avatar(row)

    async def remove(self, avatar: str) -> None:
        await forget_avatars(self._connection, table.c.id == avatar)

    async def place(self, conversation: ConversationId, avatar: str) -> None:
        mine = table.c.conversation == conversation
        await forget_avatars(self._connection, mine, table.c.placed.is_(True), table.c.id != avatar)
        await self._connection.execute(update(table).where(mine, table.c.id == avatar).values(placed=True))

    async def waiting(self, conversation: ConversationId) -> int:
        query = select(func.count()).where(table.c.conversation == conversation, table.c.placed.is_(False))
        return await self._connection.scalar(query) or 0

    async def stray(self, before: int, limit: int) -> list[Avatar]:
        query = select(table).where(table.c.placed.is_(False), table.c.claimed_at < before)
        query = query.order_by(table.c.claimed_at, table.c.id).limit(min(limit, PAGE_MAX))
        return [_avatar(row) for row in await self._connection.execute(query)]

    async def page(self, after: str, limit: int) -> list[Avatar]:
        query = select(table).where(table.c.id > after).order_by(table.c.id).limit(min(limit, PAGE_MAX))
        return [_avatar(row) for row in await self._connection.execute(query)]


async def forget_avatars(connection: AsyncConnection, *which: ColumnElement[bool]) -> None:
    """Delete avatars. A blob that nobody claimed after one of them needs no more time."""
    alone = select(table.c.hash).where(*which, table.c.hash == blobs.c.hash, table.c.claimed_at == blobs.c.claimed_at)
    await connection.execute(update(blobs).where(alone.exists(), blobs.c.dying.is_(False)).values(claimed_at=0))
    await connection.execute(delete(table).where(*which))


def _avatar(row: Row[Any]) -> Avatar:
    conversation = None if row.conversation is None else ConversationId(row.conversation)
    return Avatar(row.id, AccountId(row.account), conversation, row.hash, row.size, row.claimed_at, row.placed)

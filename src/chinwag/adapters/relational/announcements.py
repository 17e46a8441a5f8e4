"""Announcements in their table."""

from typing import Any

from sqlalchemy import Row, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import announcements
from chinwag.domain.ids import AccountId
from chinwag.ports.directory import PAGE_MAX, Actor, Announcement


class RelationalAnnouncements:
    """`AnnouncementRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def create(self, announcement: Announcement) -> Announcement:
        query = select(announcements).where(announcements.c.key == announcement.key)
        if (row := (await self._connection.execute(query)).first()) is not None:
            return _announcement(row)
        values = {name: getattr(announcement, name) for name in Announcement.__struct_fields__}
        await self._connection.execute(insert(announcements).values(values))
        return announcement

    async def page(self, since: int, before: str | None, limit: int) -> list[Announcement]:
        rows = announcements.c
        query = select(announcements).where(rows.at >= since).order_by(rows.at.desc(), rows.id.desc())
        if before is not None:
            at = select(rows.at).where(rows.id == before).scalar_subquery()
            query = query.where(or_(rows.at < at, (rows.at == at) & (rows.id < before)))
        query = query.limit(min(limit, PAGE_MAX))
        return [_announcement(row) for row in await self._connection.execute(query)]

    async def unfinished(self) -> Announcement | None:
        query = select(announcements).where(announcements.c.done.is_(False)).order_by(announcements.c.at).limit(1)
        row = (await self._connection.execute(query)).first()
        return None if row is None else _announcement(row)

    async def reached(self, announcement: str, account: AccountId | None, done: bool) -> None:
        await self._connection.execute(
            update(announcements).where(announcements.c.id == announcement).values(reached=account, done=done)
        )


def _announcement(row: Row[*tuple[Any, ...]]) -> Announcement:
    return Announcement(
        id=row.id,
        text=row.text,
        at=row.at,
        by=Actor(row.by),
        key=row.key,
        reached=None if row.reached is None else AccountId(row.reached),
        done=row.done,
    )

"""Invitations in their table."""

from sqlalchemy import ColumnElement, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import invitations
from chinwag.domain.ids import AccountId
from chinwag.ports.directory import PAGE_MAX, Invitation


class RelationalInvitations:
    """`InvitationRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def create(self, invitation: Invitation) -> None:
        row = {
            "digest": invitation.digest,
            "uses_left": invitation.uses_left,
            "expires_at": invitation.expires_at,
            "created_by": invitation.created_by,
            "created_at": invitation.created_at,
        }
        await self._connection.execute(insert(invitations).values(row))

    async def usable(self, digest: bytes, now: int) -> bool:
        return bool(await self._connection.scalar(select(func.count()).where(*_usable(digest, now))))

    async def use(self, digest: bytes, now: int) -> bool:
        result = await self._connection.execute(
            update(invitations).where(*_usable(digest, now)).values(uses_left=invitations.c.uses_left - 1)
        )
        return bool(result.rowcount)

    async def page(self, after: bytes | None, limit: int) -> list[Invitation]:
        rows = invitations.c
        query = select(invitations).order_by(rows.created_at.desc(), rows.digest.desc()).limit(min(limit, PAGE_MAX))
        if after is not None:
            at = select(rows.created_at).where(rows.digest == after).scalar_subquery()
            query = query.where(or_(rows.created_at < at, (rows.created_at == at) & (rows.digest < after)))
        return [
            Invitation(
                digest=row.digest,
                uses_left=row.uses_left,
                expires_at=row.expires_at,
                created_by=None if row.created_by is None else AccountId(row.created_by),
                created_at=row.created_at,
            )
            for row in await self._connection.execute(query)
        ]

    async def revoke(self, digest: bytes) -> bool:
        result = await self._connection.execute(
            update(invitations).where(invitations.c.digest == digest).values(uses_left=0)
        )
        return bool(result.rowcount)


def _usable(digest: bytes, now: int) -> tuple[ColumnElement[bool], ...]:
    rows = invitations.c
    return rows.digest == digest, rows.uses_left > 0, rows.expires_at > now

"""The audit log in its table."""

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import audit
from chinwag.ports.directory import PAGE_MAX, Actor, AuditRow


class RelationalAudit:
    """`AuditRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, at: int, actor: Actor, act: str, target: str = "", detail: str = "") -> None:
        await self._connection.execute(insert(audit).values(at=at, actor=actor, act=act, target=target, detail=detail))

    async def page(
        self, before: int | None, limit: int, actor: str | None = None, target: str | None = None
    ) -> list[AuditRow]:
        query = select(audit).order_by(audit.c.id.desc()).limit(min(limit, PAGE_MAX))
        if before is not None:
            query = query.where(audit.c.id < before)
        if actor is not None:
            query = query.where(audit.c.actor == actor)
        if target is not None:
            query = query.where(audit.c.target == target)
        return [
            AuditRow(row.id, row.at, Actor(row.actor), row.act, row.target, row.detail)
            for row in await self._connection.execute(query)
        ]

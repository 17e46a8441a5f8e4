"""Blocks in their table."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, func, insert, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import blocks
from chinwag.domain.ids import AccountId
from chinwag.ports.directory import PAGE_MAX

_TOGETHER: Final = 500
"""Names in one statement."""


class RelationalBlocks:
    """`BlockRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def put(self, blocker: AccountId, blocked: AccountId, at: int) -> bool:
        if await self.has(blocker, blocked):
            return False
        await self._connection.execute(insert(blocks).values(blocker=blocker, blocked=blocked, created_at=at))
        return True

    async def remove(self, blocker: AccountId, blocked: AccountId) -> bool:
        result = await self._connection.execute(
            delete(blocks).where(blocks.c.blocker == blocker, blocks.c.blocked == blocked)
        )
        return bool(result.rowcount)

    async def has(self, blocker: AccountId, blocked: AccountId) -> bool:
        query = select(func.count()).where(blocks.c.blocker == blocker, blocks.c.blocked == blocked)
        return bool(await self._connection.scalar(query))

    async def page(self, blocker: AccountId, after: AccountId | None, limit: int) -> list[tuple[AccountId, int]]:
        query = (
            select(blocks.c.blocked, blocks.c.created_at)
            .where(blocks.c.blocker == blocker)
            .order_by(blocks.c.blocked)
            .limit(min(limit, PAGE_MAX))
        )
        if after is not None:
            query = query.where(blocks.c.blocked > after)
        return [(AccountId(row.blocked), row.created_at) for row in await self._connection.execute(query)]

    async def by(self, blocker: AccountId, among: Sequence[AccountId]) -> set[AccountId]:
        query = select(blocks.c.blocked).where(blocks.c.blocker == blocker, blocks.c.blocked.in_(among[:PAGE_MAX]))
        return {AccountId(one) for one in await self._connection.scalars(query)}

    async def among(
        self, blockers: Sequence[AccountId], blocked: Sequence[AccountId]
    ) -> set[tuple[AccountId, AccountId]]:
        found: set[tuple[AccountId, AccountId]] = set()
        for first in range(0, len(blocked), _TOGETHER):
            query = select(blocks.c.blocker, blocks.c.blocked).where(
                blocks.c.blocker.in_(blockers), blocks.c.blocked.in_(blocked[first : first + _TOGETHER])
            )
            found |= {(AccountId(one), AccountId(other)) for one, other in await self._connection.execute(query)}
        return found

    async def against(self, blocked: AccountId, among: Sequence[AccountId]) -> set[AccountId]:
        query = select(blocks.c.blocker).where(blocks.c.blocked == blocked, blocks.c.blocker.in_(among[:PAGE_MAX]))
        return {AccountId(one) for one in await self._connection.scalars(query)}

    async def count(self, blocker: AccountId) -> int:
        return await self._connection.scalar(select(func.count()).where(blocks.c.blocker == blocker)) or 0

    async def around_each(self, accounts: Sequence[AccountId], limit: int) -> dict[AccountId, set[AccountId]]:
        found: dict[AccountId, set[AccountId]] = {account: set() for account in accounts[:PAGE_MAX]}
        pairs = await self._around(list(found), limit)
        if len(pairs) >= limit:
            # Somebody whom very many block must not take the places of the others.
            pairs = [pair for account in found for pair in await self._around([account], limit)]
        for account, other in pairs:
            found[account].add(other)
        return found

    async def _around(self, accounts: Sequence[AccountId], limit: int) -> list[tuple[AccountId, AccountId]]:
        """Pairs of one of `accounts` and somebody with whom there is a block."""
        both = union(
            select(blocks.c.blocker, blocks.c.blocked).where(blocks.c.blocker.in_(accounts)),
            select(blocks.c.blocked, blocks.c.blocker).where(blocks.c.blocked.in_(accounts)),
        ).limit(limit)
        rows = await self._connection.execute(both)
        return [(AccountId(mine), AccountId(other)) for mine, other in rows]

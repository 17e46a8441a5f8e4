"""The outbox in its table."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import outbox
from chinwag.domain.ids import AccountId
from chinwag.ports.directory import PAGE_MAX, OutboxRow


class RelationalOutbox:
    """`Outbox` upon one transaction's connection. `added` says whether this transaction leaves postings."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.added = False

    async def add(self, account: AccountId, payload: bytes, version: int) -> None:
        self.added = True
        await self._connection.execute(insert(outbox).values(account=account, payload=payload, version=version))

    async def pending(self, limit: int) -> list[OutboxRow]:
        query = select(outbox).order_by(outbox.c.id).limit(min(limit, PAGE_MAX))
        return [
            OutboxRow(id=row.id, account=AccountId(row.account), payload=row.payload, version=row.version)
            for row in await self._connection.execute(query)
        ]

    async def done(self, ids: Sequence[int]) -> None:
        for start in range(0, len(ids), PAGE_MAX):  # engines bound the number of parameters
            await self._connection.execute(delete(outbox).where(outbox.c.id.in_(ids[start : start + PAGE_MAX])))

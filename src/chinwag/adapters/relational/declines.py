"""Refusals that are due, in their table."""

from typing import Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import refusals
from chinwag.domain.ids import AccountId
from chinwag.ports.directory import PAGE_MAX, DeclineDue

_EVERYBODY: Final = ""


class RelationalDeclines:
    """`RefusalRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, account: AccountId, other: AccountId | None, at: int) -> None:
        pair = {"account": account, "other": other or _EVERYBODY}
        mine = (refusals.c.account == pair["account"], refusals.c.other == pair["other"])
        again = await self._connection.execute(update(refusals).where(*mine).values(at=at))
        if not again.rowcount:
            await self._connection.execute(insert(refusals).values(at=at, **pair))

    async def pending(self, limit: int) -> list[DeclineDue]:
        query = select(refusals).order_by(refusals.c.at, refusals.c.account, refusals.c.other)
        return [
            DeclineDue(AccountId(row.account), AccountId(row.other) if row.other else None, row.at)
            for row in await self._connection.execute(query.limit(min(limit, PAGE_MAX)))
        ]

    async def done(self, due: DeclineDue) -> None:
        await self._connection.execute(
            delete(refusals).where(refusals.c.account == due.account, refusals.c.other == (due.other or _EVERYBODY))
        )

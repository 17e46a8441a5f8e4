"""Refusals that are due, in their table."""

from typing import Final

from sqlalchemy import delete, exists, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import accounts, blocks, refusals
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

    async def add_all(self, at: int, limit: int) -> int:
        taking_none = or_(accounts.c.disabled, accounts.c.closed_at.is_not(None))
        added = 0
        for query in (
            select(blocks.c.blocker, blocks.c.blocked, literal(at)).where(
                ~exists().where(refusals.c.account == blocks.c.blocker, refusals.c.other == blocks.c.blocked)
            ),
            select(accounts.c.id, literal(_EVERYBODY), literal(at)).where(
                taking_none, ~exists().where(refusals.c.account == accounts.c.id, refusals.c.other == _EVERYBODY)
            ),
        ):
            made = insert(refusals).from_select(["account", "other", "at"], query.limit(limit))
            added += (await self._connection.execute(made)).rowcount
        return added

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

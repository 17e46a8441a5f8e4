"""What is to be pushed to many members of large groups, in its table."""

from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import push_spreads as table
from chinwag.domain.ids import ConversationId
from chinwag.ports.directory.push_spreads import EVERY_MS, Spread


class RelationalPushSpreads:
    """`PushSpreadRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def want(self, conversation: ConversationId, everyone: bool, number: int, due: int) -> None:
        mine = (table.c.conversation == conversation, table.c.everyone == everyone)
        held = (await self._connection.execute(select(table).where(*mine))).first()
        if held is None:
            row = {"conversation": conversation, "everyone": everyone, "number": number, "due": due}
            fresh = {"covered": 0, "begun_at": 0, "after": "", "told": 0}
            await self._connection.execute(insert(table).values(row | fresh))
            return
        # A round that began at a time that is not yet is from before the clock was set back.
        begun_at = 0 if held.begun_at > due else held.begun_at
        waits = max(due, begun_at + EVERY_MS) if held.due is None else held.due
        await self._connection.execute(update(table).where(*mine).values(number=max(number, held.number), due=waits))

    async def next(self, now: int) -> Spread | None:
        query = select(table).where(table.c.due <= now).order_by(table.c.due).limit(1)
        row = (await self._connection.execute(query)).first()
        return None if row is None else _spread(row)

    async def put(self, spread: Spread) -> None:
        mine = (table.c.conversation == spread.conversation, table.c.everyone == spread.everyone)
        await self._connection.execute(
            update(table)
            .where(*mine)
            .values(
                covered=spread.covered,
                begun_at=spread.begun_at,
                due=spread.due,
                after=spread.after,
                told=spread.told,
            )
        )


def _spread(row: Row[Any]) -> Spread:
    return Spread(**{name: getattr(row, name) for name in Spread.__struct_fields__})

"""Preferences in their table."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import preferences as table
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.preferences import Preferences, Preferred
from chinwag.ports.directory import PAGE_MAX

_decode: Final = msgspec.json.Decoder(Preferences).decode


class RelationalPreferences:
    """`PreferenceRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, account: AccountId, conversation: ConversationId) -> Preferred | None:
        query = select(table).where(table.c.account == account, table.c.conversation == conversation)
        row = (await self._connection.execute(query)).first()
        return None if row is None else _preferred(row)

    async def among(
        self, accounts: Sequence[AccountId], conversations: Sequence[ConversationId]
    ) -> dict[tuple[AccountId, ConversationId], Preferences]:
        query = select(table).where(table.c.account.in_(accounts), table.c.conversation.in_(conversations))
        return {
            (AccountId(row.account), ConversationId(row.conversation)): _decode(row.preferences)
            for row in await self._connection.execute(query)
        }

    async def put(
        self, account: AccountId, conversation: ConversationId, preferences: Preferences, version: int
    ) -> None:
        mine = (table.c.account == account, table.c.conversation == conversation)
        await self._connection.execute(delete(table).where(*mine))
        written = msgspec.json.encode(preferences).decode()
        row = {
            "account": account,
            "conversation": conversation,
            "preferences": written,
            "version": version,
            "every": preferences.wants_every,
        }
        await self._connection.execute(insert(table).values(row))

    async def who_wants_every(
        self, conversation: ConversationId, after: AccountId | None, limit: int
    ) -> list[AccountId]:
        query = select(table.c.account).where(table.c.conversation == conversation, table.c.every)
        if after is not None:
            query = query.where(table.c.account > after)
        query = query.order_by(table.c.account).limit(limit)
        return [AccountId(one) for one in await self._connection.scalars(query)]

    async def count(self, account: AccountId) -> int:
        return await self._connection.scalar(select(func.count()).where(table.c.account == account)) or 0

    async def page(self, account: AccountId, after: ConversationId | None, limit: int) -> list[Preferred]:
        query = select(table).where(table.c.account == account).order_by(table.c.conversation)
        if after is not None:
            query = query.where(table.c.conversation > after)
        return [_preferred(row) for row in await self._connection.execute(query.limit(min(limit, PAGE_MAX)))]


def _preferred(row: Row[Any]) -> Preferred:
    return Preferred(ConversationId(row.conversation), _decode(row.preferences), row.version)

"""Groups that requests have made, in their table."""

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import created_groups
from chinwag.domain.ids import ConversationId, DeviceId
from chinwag.ports.directory import PAGE_MAX, CreatedGroup


class RelationalCreatedGroups:
    """`CreatedGroupRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, device: DeviceId, key: str) -> ConversationId | None:
        rows = created_groups.c
        found = await self._connection.scalar(select(rows.conversation).where(rows.device == device, rows.key == key))
        return None if found is None else ConversationId(found)

    async def remember(self, device: DeviceId, key: str, conversation: ConversationId, at: int) -> ConversationId:
        rows = created_groups.c
        earlier = await self.get(device, key)
        if earlier is not None:
            mine = (rows.device == device, rows.key == key, rows.made.is_(False), rows.created_at < at)
            await self._connection.execute(update(created_groups).where(*mine).values(created_at=at))
            return earlier
        values = {"device": device, "key": key, "conversation": conversation, "created_at": at, "made": False}
        await self._connection.execute(insert(created_groups).values(values))
        return conversation

    async def unsettled(self, before: int, limit: int) -> list[CreatedGroup]:
        rows = created_groups.c
        query = (
            select(created_groups)
            .where(rows.made.is_(False), rows.created_at < before)
            .order_by(rows.created_at)
            .limit(min(limit, PAGE_MAX))
        )
        return [
            CreatedGroup(DeviceId(row.device), row.key, ConversationId(row.conversation), row.created_at)
            for row in await self._connection.execute(query)
        ]

    async def settle(self, group: CreatedGroup, made: bool) -> None:
        rows = created_groups.c
        mine = (rows.device == group.device, rows.key == group.key, rows.conversation == group.conversation)
        if made:
            await self._connection.execute(update(created_groups).where(*mine).values(made=True))
        else:
            unmade = (rows.made.is_(False), rows.created_at <= group.at)
            await self._connection.execute(delete(created_groups).where(*mine, *unmade))

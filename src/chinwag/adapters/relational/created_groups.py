"""Groups that requests have made, in their table."""

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import created_groups
from chinwag.domain.ids import ConversationId, DeviceId


class RelationalCreatedGroups:
    """`CreatedGroupRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def remember(self, device: DeviceId, key: str, conversation: ConversationId, at: int) -> ConversationId:
        query = select(created_groups.c.conversation).where(
            created_groups.c.device == device, created_groups.c.key == key
        )
        earlier = await self._connection.scalar(query)
        if earlier is not None:
            return ConversationId(earlier)
        await self._connection.execute(
            insert(created_groups).values(device=device, key=key, conversation=conversation, created_at=at)
        )
        return conversation

"""The listing of open groups in its tables."""

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import listing_mark, open_groups
from chinwag.domain.body import title_key
from chinwag.domain.ids import ConversationId
from chinwag.ports.directory import PAGE_MAX, ListingMark, OpenGroup


class RelationalListing:
    """`ListingRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def mark(self) -> ListingMark:
        row = (await self._connection.execute(select(listing_mark).where(listing_mark.c.id == 1))).first()
        return ListingMark() if row is None else ListingMark(row.epoch, row.position)

    async def advance(self, mark: ListingMark) -> None:
        values = {"epoch": mark.epoch, "position": mark.position}
        held = listing_mark.c
        behind = or_(held.epoch != mark.epoch, held.position < mark.position)
        if not await self._connection.scalar(select(held.id).where(held.id == 1)):
            await self._connection.execute(insert(listing_mark).values(id=1, **values))
        else:
            await self._connection.execute(update(listing_mark).where(held.id == 1, behind).values(values))

    async def put(self, group: OpenGroup) -> None:
        values = {
            "title": group.title,
            "title_key": title_key(group.title),
            "description": group.description,
            "members": group.members,
            "head": group.head,
        }
        mine = open_groups.c.conversation == group.conversation
        head = await self._connection.scalar(select(open_groups.c.head).where(mine))
        if head is None:
            await self._connection.execute(insert(open_groups).values(conversation=group.conversation, **values))
        elif head <= group.head:
            await self._connection.execute(update(open_groups).where(mine).values(values))

    async def remove(self, conversation: ConversationId, head: int) -> None:
        await self._connection.execute(
            delete(open_groups).where(open_groups.c.conversation == conversation, open_groups.c.head <= head)
        )

    async def page(self, search: str, after: tuple[str, ConversationId] | None, limit: int) -> list[OpenGroup]:
        listed = open_groups.c
        query = (
            select(open_groups)
            .where(listed.members > 0)
            .order_by(listed.title_key, listed.conversation)
            .limit(min(limit, PAGE_MAX))
        )
        if search:
            query = query.where(listed.title_key.contains(title_key(search), autoescape=True))
        if after is not None:
            key, conversation = after
            query = query.where(
                or_(listed.title_key > key, (listed.title_key == key) & (listed.conversation > conversation))
            )
        return [
            OpenGroup(ConversationId(row.conversation), row.title, row.description, row.members, row.head)
            for row in await self._connection.execute(query)
        ]

    async def conversations(self, after: ConversationId | None, limit: int) -> list[ConversationId]:
        query = select(open_groups.c.conversation).order_by(open_groups.c.conversation).limit(min(limit, PAGE_MAX))
        if after is not None:
            query = query.where(open_groups.c.conversation > after)
        return [ConversationId(one) for one in await self._connection.scalars(query)]

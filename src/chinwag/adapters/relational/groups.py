"""The listing of open groups, and join links, in their tables."""

from typing import Any

from sqlalchemy import Row, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import join_links, link_uses, listing_mark, open_groups
from chinwag.domain.body import title_key
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.ports.directory import PAGE_MAX
from chinwag.ports.directory_groups import JoinLink, LinkUse, ListingMark, OpenGroup


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
        if not await self._connection.scalar(select(held.id).where(held.id == 1).with_for_update()):
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
        head = await self._connection.scalar(select(open_groups.c.head).where(mine).with_for_update())
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


class RelationalLinks:
    """`LinkRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def create(self, link: JoinLink) -> None:
        row = {name: getattr(link, name) for name in JoinLink.__struct_fields__}
        await self._connection.execute(insert(join_links).values(row))

    async def by_digest(self, digest: bytes) -> JoinLink | None:
        query = select(join_links).where(join_links.c.digest == digest)
        row = (await self._connection.execute(query.with_for_update())).first()
        return None if row is None else _link(row)

    async def get(self, link: str) -> JoinLink | None:
        query = select(join_links).where(join_links.c.id == link)
        row = (await self._connection.execute(query.with_for_update())).first()
        return None if row is None else _link(row)

    async def of(self, conversation: ConversationId, now: int) -> list[JoinLink]:
        links = join_links.c
        query = (
            select(join_links)
            .where(links.conversation == conversation, links.revoked_at.is_(None), links.expires_at > now)
            .order_by(links.created_at.desc(), links.id.desc())
            .limit(PAGE_MAX)
        )
        return [_link(row) for row in await self._connection.execute(query)]

    async def revoke(self, link: str, at: int) -> None:
        await self._connection.execute(
            update(join_links).where(join_links.c.id == link, join_links.c.revoked_at.is_(None)).values(revoked_at=at)
        )

    async def used(self, link: str, account: AccountId) -> LinkUse | None:
        query = select(link_uses).where(link_uses.c.link == link, link_uses.c.account == account)
        row = (await self._connection.execute(query)).first()
        return None if row is None else _use(row)

    async def take(self, use: LinkUse) -> bool:
        counted = await self._connection.execute(
            update(join_links)
            .where(join_links.c.id == use.link, join_links.c.uses_left > 0)
            .values(uses_left=join_links.c.uses_left - 1)
        )
        if not counted.rowcount:
            return False
        row = {name: getattr(use, name) for name in LinkUse.__struct_fields__}
        await self._connection.execute(insert(link_uses).values(row))
        return True

    async def joined(self, link: str, account: AccountId) -> None:
        await self._connection.execute(
            update(link_uses).where(link_uses.c.link == link, link_uses.c.account == account).values(joined=True)
        )

    async def give_back(self, link: str, account: AccountId) -> None:
        gone = await self._connection.execute(
            delete(link_uses).where(
                link_uses.c.link == link, link_uses.c.account == account, link_uses.c.joined.is_(False)
            )
        )
        if gone.rowcount:
            await self._connection.execute(
                update(join_links).where(join_links.c.id == link).values(uses_left=join_links.c.uses_left + 1)
            )

    async def unsettled(self, before: int, limit: int) -> list[LinkUse]:
        query = (
            select(link_uses)
            .where(link_uses.c.joined.is_(False), link_uses.c.at < before)
            .order_by(link_uses.c.at)
            .limit(min(limit, PAGE_MAX))
        )
        return [_use(row) for row in await self._connection.execute(query)]


def _link(row: Row[*tuple[Any, ...]]) -> JoinLink:
    return JoinLink(
        id=row.id,
        conversation=ConversationId(row.conversation),
        digest=row.digest,
        created_by=AccountId(row.created_by),
        created_at=row.created_at,
        expires_at=row.expires_at,
        uses=row.uses,
        uses_left=row.uses_left,
        revoked_at=row.revoked_at,
    )


def _use(row: Row[*tuple[Any, ...]]) -> LinkUse:
    return LinkUse(
        link=row.link,
        account=AccountId(row.account),
        device=DeviceId(row.device),
        id=ClientId(row.id),
        at=row.at,
        joined=row.joined,
    )

"""Join links and their uses in their tables."""

from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import join_links, link_uses
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.ports.directory import PAGE_MAX, JoinLink, LinkUse


class RelationalLinks:
    """`LinkRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def create(self, link: JoinLink) -> None:
        row = {name: getattr(link, name) for name in JoinLink.__struct_fields__}
        await self._connection.execute(insert(join_links).values(row))

    async def by_digest(self, digest: bytes) -> JoinLink | None:
        query = select(join_links).where(join_links.c.digest == digest)
        row = (await self._connection.execute(query)).first()
        return None if row is None else _link(row)

    async def get(self, link: str) -> JoinLink | None:
        query = select(join_links).where(join_links.c.id == link)
        row = (await self._connection.execute(query)).first()
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

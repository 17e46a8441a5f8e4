"""The outbox, and the two small tables that make a request sent twice harmless."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import created_groups, invitations, outbox
from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.ports.directory import PAGE_MAX, Invitation, Posting


class RelationalOutbox:
    """`Outbox` upon one transaction's connection. `added` says whether this transaction leaves postings."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.added = False

    async def add(self, account: AccountId, payload: bytes, version: int) -> None:
        self.added = True
        await self._connection.execute(insert(outbox).values(account=account, payload=payload, version=version))

    async def pending(self, limit: int) -> list[Posting]:
        query = select(outbox).order_by(outbox.c.id).limit(min(limit, PAGE_MAX))
        return [
            Posting(id=row.id, account=AccountId(row.account), payload=row.payload, version=row.version)
            for row in await self._connection.execute(query)
        ]

    async def done(self, ids: Sequence[int]) -> None:
        for start in range(0, len(ids), PAGE_MAX):  # engines bound the number of parameters
            await self._connection.execute(delete(outbox).where(outbox.c.id.in_(ids[start : start + PAGE_MAX])))


class RelationalInvitations:
    """`InvitationRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def create(self, invitation: Invitation) -> None:
        row = {
            "digest": invitation.digest,
            "uses_left": invitation.uses_left,
            "expires_at": invitation.expires_at,
            "created_by": invitation.created_by,
            "created_at": invitation.created_at,
        }
        await self._connection.execute(insert(invitations).values(row))

    async def use(self, digest: bytes, now: int) -> bool:
        result = await self._connection.execute(
            update(invitations)
            .where(invitations.c.digest == digest, invitations.c.uses_left > 0, invitations.c.expires_at > now)
            .values(uses_left=invitations.c.uses_left - 1)
        )
        return bool(result.rowcount)

    async def page(self, after: bytes | None, limit: int) -> list[Invitation]:
        rows = invitations.c
        query = select(invitations).order_by(rows.created_at.desc(), rows.digest.desc()).limit(min(limit, PAGE_MAX))
        if after is not None:
            at = select(rows.created_at).where(rows.digest == after).scalar_subquery()
            query = query.where(or_(rows.created_at < at, (rows.created_at == at) & (rows.digest < after)))
        return [
            Invitation(
                digest=row.digest,
                uses_left=row.uses_left,
                expires_at=row.expires_at,
                created_by=None if row.created_by is None else AccountId(row.created_by),
                created_at=row.created_at,
            )
            for row in await self._connection.execute(query)
        ]

    async def revoke(self, digest: bytes) -> bool:
        result = await self._connection.execute(
            update(invitations).where(invitations.c.digest == digest).values(uses_left=0)
        )
        return bool(result.rowcount)


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

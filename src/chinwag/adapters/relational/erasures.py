"""Closed accounts on their way out, in their table."""

from typing import Final

from sqlalchemy import ColumnElement, Select, case, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.avatars import forget_avatars
from chinwag.adapters.relational.schema import (
    avatars,
    blocks,
    created_groups,
    devices,
    erasures,
    friendships,
    given_places,
    identities,
    known_networks,
    link_uses,
    openid_arrivals,
    openid_sessions,
    openid_trips,
    outbox,
    places_due,
    preferences,
    push_jobs,
    push_subscriptions,
    refresh_tokens,
    refusals,
    search_words,
    uploads,
)
from chinwag.adapters.relational.turns import turn_of
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.ports.directory import PAGE_MAX, PUSHES, Erasure, ErasureStage, UploadState

_EVERYBODY: Final = ""


class RelationalErasures:
    """`ErasureRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def begin(self, account: AccountId, at: int) -> None:
        last = await self._connection.scalar(select(func.max(outbox.c.id))) or 0
        row = {"account": account, "closed_at": at, "stage": int(ErasureStage.CLOSED), "behind": last}
        await self._connection.execute(insert(erasures).values(row))
        await self._connection.execute(update(devices).where(devices.c.account == account).values(name=""))
        await self._connection.execute(delete(blocks).where(blocks.c.blocker == account))
        await self._connection.execute(delete(known_networks).where(known_networks.c.account == account))
        await self._connection.execute(delete(preferences).where(preferences.c.account == account))
        await self._forget_pushes(account)
        await self._forget_providers(account)
        await forget_avatars(self._connection, avatars.c.account == account, avatars.c.conversation.is_(None))
        # They are taken away as those are that nobody went on with.
        unfinished = update(uploads).where(*_unfinished(account))
        await self._connection.execute(unfinished.values(expires_at=0, held_until=0, name="", metadata=""))

    async def page(self, stage: ErasureStage, after: AccountId | None, limit: int) -> list[Erasure]:
        query = select(erasures).where(erasures.c.stage == int(stage)).order_by(erasures.c.account)
        if after is not None:
            query = query.where(erasures.c.account > after)
        return [
            Erasure(AccountId(row.account), row.closed_at, ErasureStage(row.stage))
            for row in await self._connection.execute(query.limit(min(limit, PAGE_MAX)))
        ]

    async def latest(self, limit: int) -> list[AccountId]:
        query = select(erasures.c.account).order_by(erasures.c.closed_at.desc()).limit(min(limit, PAGE_MAX))
        return [AccountId(one) for one in await self._connection.scalars(query)]

    async def waits(self, account: AccountId) -> bool:
        behind = select(erasures.c.behind).where(erasures.c.account == account).scalar_subquery()
        if await self._connection.scalar(select(func.count()).where(outbox.c.id <= behind)):
            return True
        if await self._connection.scalar(select(func.count()).where(*_unfinished(account))):
            return True
        mine = (refusals.c.account == account, refusals.c.other == _EVERYBODY)
        return bool(await self._connection.scalar(select(func.count()).where(*mine)))

    async def known_to(self, account: AccountId, after: AccountId | None, limit: int) -> list[AccountId]:
        other = case((friendships.c.low == account, friendships.c.high), else_=friendships.c.low)
        query = select(other).where(or_(friendships.c.low == account, friendships.c.high == account)).order_by(other)
        if after is not None:
            query = query.where(other > after)
        return [AccountId(one) for one in await self._connection.scalars(query.limit(min(limit, PAGE_MAX)))]

    async def devices(self, account: AccountId) -> list[DeviceId]:
        return [DeviceId(one) for one in await self._connection.scalars(_devices(account))]

    async def reached(self, account: AccountId, stage: ErasureStage) -> None:
        await self._connection.execute(update(erasures).where(erasures.c.account == account).values(stage=int(stage)))

    async def forget(self, account: AccountId) -> None:
        execute = self._connection.execute
        await self._forget_providers(account)
        await self._forget_pushes(account)
        for table in (created_groups, refresh_tokens):
            await execute(delete(table).where(table.c.device.in_(_devices(account))))
        await execute(delete(devices).where(devices.c.account == account))
        await execute(delete(friendships).where(or_(friendships.c.low == account, friendships.c.high == account)))
        await execute(delete(blocks).where(or_(blocks.c.blocker == account, blocks.c.blocked == account)))
        await execute(delete(preferences).where(preferences.c.account == account))
        await execute(delete(search_words).where(search_words.c.account == account))
        await execute(delete(link_uses).where(link_uses.c.account == account))
        await execute(delete(outbox).where(outbox.c.account == account))

    async def _forget_pushes(self, account: AccountId) -> None:
        await turn_of(self._connection, PUSHES)
        for table in (push_subscriptions, push_jobs):
            await self._connection.execute(delete(table).where(table.c.account == account))

    async def _forget_providers(self, account: AccountId) -> None:
        execute = self._connection.execute
        # Somebody who came back and never used the code: no link names the account, but its identity does.
        hers = select(identities.c.subject).where(
            identities.c.account == account,
            identities.c.issuer == openid_arrivals.c.issuer,
            identities.c.subject == openid_arrivals.c.subject,
        )
        await execute(delete(openid_arrivals).where(hers.exists()))
        for table in (identities, given_places, places_due):
            await execute(delete(table).where(table.c.account == account))
        for under_way in (openid_trips, openid_arrivals):
            await execute(delete(under_way).where(under_way.c.link == account))
        await execute(delete(openid_sessions).where(openid_sessions.c.device.in_(_devices(account))))

    async def done(self, account: AccountId) -> None:
        await self._connection.execute(delete(erasures).where(erasures.c.account == account))


def _unfinished(account: AccountId) -> tuple[ColumnElement[bool], ...]:
    return uploads.c.account == account, uploads.c.state != UploadState.READY.value


def _devices(account: AccountId) -> Select[str]:
    return select(devices.c.id).where(devices.c.account == account)

"""Pairs of accounts in their table."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, case, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import friendships
from chinwag.domain.account import FRIENDS_MAX
from chinwag.domain.account_friendship import Bond, Friendship, strangers
from chinwag.domain.ids import AccountId
from chinwag.ports.directory import PAGE_MAX


class RelationalFriends:
    """`FriendRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def pair(self, one: AccountId, other: AccountId) -> Friendship:
        none = strangers(one, other)
        query = select(friendships).where(friendships.c.low == none.low, friendships.c.high == none.high)
        row = (await self._connection.execute(query)).first()
        return none if row is None else _friendship(row)

    async def put(self, pair: Friendship) -> None:
        values = {"bond": str(pair.bond), "by": pair.by, "at": pair.at, "version": pair.version}
        result = await self._connection.execute(
            update(friendships).where(friendships.c.low == pair.low, friendships.c.high == pair.high).values(values)
        )
        if not result.rowcount:
            await self._connection.execute(insert(friendships).values(low=pair.low, high=pair.high, **values))

    async def page(self, account: AccountId, bond: Bond, after: AccountId | None, limit: int) -> list[Friendship]:
        other = case((friendships.c.low == account, friendships.c.high), else_=friendships.c.low)
        query = (
            select(friendships)
            .where(_is_one_of(account), friendships.c.bond == str(bond))
            .order_by(other)
            .limit(min(limit, PAGE_MAX))
        )
        if after is not None:
            query = query.where(other > after)
        return [_friendship(row) for row in await self._connection.execute(query)]

    async def count(self, account: AccountId) -> int:
        query = select(func.count()).where(_is_one_of(account), friendships.c.bond != str(Bond.NONE))
        return await self._connection.scalar(query) or 0

    async def friends_of(self, account: AccountId) -> list[AccountId]:
        query = (
            select(friendships.c.low, friendships.c.high)
            .where(_is_one_of(account), friendships.c.bond == str(Bond.FRIENDS))
            .limit(FRIENDS_MAX)
        )
        rows = await self._connection.execute(query)
        return [AccountId(row.high if row.low == account else row.low) for row in rows]

    async def friends_of_each(self, accounts: Sequence[AccountId]) -> dict[AccountId, list[AccountId]]:
        found: dict[AccountId, list[AccountId]] = {account: [] for account in accounts[:PAGE_MAX]}
        for mine, other in ((friendships.c.low, friendships.c.high), (friendships.c.high, friendships.c.low)):
            query = select(mine, other).where(mine.in_(list(found)), friendships.c.bond == str(Bond.FRIENDS))
            for account, friend in await self._connection.execute(query):
                if len(found[account]) < FRIENDS_MAX:
                    found[account].append(friend)
        return found


def _is_one_of(account: AccountId) -> Any:
    return or_(friendships.c.low == account, friendships.c.high == account)


def _friendship(row: Row[*tuple[Any, ...]]) -> Friendship:
    return Friendship(
        low=AccountId(row.low),
        high=AccountId(row.high),
        bond=Bond(row.bond),
        by=AccountId(row.by),
        at=row.at,
        version=row.version,
    )

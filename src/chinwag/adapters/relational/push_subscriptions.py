"""Where devices are reached by pushes, in their table."""

from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Row, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import push_jobs
from chinwag.adapters.relational.schema import push_subscriptions as table
from chinwag.adapters.relational.turns import turn_of
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.push_notice import PushAddress, WebAddress
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.directory.push_jobs import PUSHES
from chinwag.ports.directory.push_subscriptions import PushSubscription, same_place

_decode: Final[Any] = msgspec.json.Decoder(PushAddress).decode
_TOGETHER: Final = 500
"""Names in one statement."""


class RelationalPushSubscriptions:
    """`PushSubscriptionRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of(self, device: DeviceId) -> PushSubscription | None:
        row = (await self._connection.execute(select(table).where(table.c.device == device))).first()
        return None if row is None else _subscription(row)

    async def of_many(self, devices: Sequence[DeviceId]) -> list[PushSubscription]:
        found: list[PushSubscription] = []
        for first in range(0, len(devices), _TOGETHER):
            query = select(table).where(table.c.device.in_(devices[first : first + _TOGETHER]))
            found += map(_subscription, await self._connection.execute(query))
        return found

    async def holder(self, address: PushAddress) -> PushSubscription | None:
        query = select(table).where(table.c.place == same_place(address))
        row = (await self._connection.execute(query)).first()
        return None if row is None else _subscription(row)

    async def put(self, subscription: PushSubscription) -> None:
        address, place = subscription.address, same_place(subscription.address)
        held = await self._connection.scalar(select(table.c.device).where(table.c.place == place))
        if held not in (None, subscription.device):
            raise Refused(Code.ENDPOINT_TAKEN)
        await self._connection.execute(delete(table).where(table.c.device == subscription.device))
        row = {
            "device": subscription.device,
            "account": subscription.account,
            "address": msgspec.json.encode(address).decode(),
            "place": place,
            "key": address.key if isinstance(address, WebAddress) else "",
            "registered_at": subscription.registered_at,
            "cleared_at": subscription.cleared_at,
        }
        try:
            await self._connection.execute(insert(table).values(row))
        except IntegrityError:  # where transactions run side by side, another device put it just now
            raise Refused(Code.ENDPOINT_TAKEN) from None

    async def remove(self, device: DeviceId) -> bool:
        await turn_of(self._connection, PUSHES)
        removed = await self._connection.execute(delete(table).where(table.c.device == device))
        await self._connection.execute(delete(push_jobs).where(push_jobs.c.device == device))
        return bool(removed.rowcount)

    async def clears(self, device: DeviceId, at: int, before: int) -> bool:
        # A time that is not yet is from before the clock was set back.
        long_ago = or_(table.c.cleared_at <= before, table.c.cleared_at > at)
        mine = update(table).where(table.c.device == device, long_ago)
        return bool((await self._connection.execute(mine.values(cleared_at=at))).rowcount)

    async def any(self) -> bool:
        return (await self._connection.execute(select(table.c.device).limit(1))).first() is not None

    async def devices_of(self, accounts: Sequence[AccountId]) -> list[tuple[AccountId, DeviceId]]:
        found: list[tuple[AccountId, DeviceId]] = []
        for first in range(0, len(accounts), _TOGETHER):
            some = accounts[first : first + _TOGETHER]
            query = select(table.c.account, table.c.device).where(table.c.account.in_(some))
            found += [(AccountId(row.account), DeviceId(row.device)) for row in await self._connection.execute(query)]
        return found

    async def keys_used(self, keys: Collection[str]) -> frozenset[str]:
        query = select(table.c.key).where(table.c.key.in_(keys)).distinct()
        return frozenset(await self._connection.scalars(query))


def _subscription(row: Row[Any]) -> PushSubscription:
    return PushSubscription(
        device=DeviceId(row.device),
        account=AccountId(row.account),
        address=_decode(row.address),
        registered_at=row.registered_at,
        cleared_at=row.cleared_at,
    )

"""Devices in their table."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import (
    accounts,
    devices,
    openid_sessions,
    push_jobs,
    push_subscriptions,
    refresh_tokens,
)
from chinwag.adapters.relational.turns import turn_of
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.directory import PAGE_MAX, PUSHES, Device, Standing

_STANDINGS = select(
    devices.c.id, devices.c.account, devices.c.revoked_at, accounts.c.disabled, accounts.c.closed_at, accounts.c.admin
).join(accounts, accounts.c.id == devices.c.account)


class RelationalDevices:
    """`DeviceRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def create(self, device: Device) -> None:
        row = {
            "id": device.id,
            "account": device.account,
            "name": device.name,
            "created_at": device.created_at,
            "last_seen_at": device.last_seen_at,
            "revoked_at": device.revoked_at,
        }
        # Looked for first: for some engines a statement that fails is the end of its transaction.
        if not await self._connection.scalar(select(accounts.c.id).where(accounts.c.id == device.account)):
            raise Refused(Code.NO_ACCOUNT)
        await self._connection.execute(insert(devices).values(row))

    async def get(self, device: DeviceId) -> Device | None:
        row = (await self._connection.execute(select(devices).where(devices.c.id == device))).first()
        return None if row is None else _device(row)

    async def standings(self, devices_: Sequence[DeviceId]) -> dict[DeviceId, Standing]:
        query = _STANDINGS.where(devices.c.id.in_(devices_[:PAGE_MAX]))
        return {DeviceId(row.id): _standing(row) for row in await self._connection.execute(query)}

    async def of(self, account: AccountId) -> list[Device]:
        query = (
            select(devices)
            .where(devices.c.account == account, devices.c.revoked_at.is_(None))
            .order_by(devices.c.created_at.desc(), devices.c.id.desc())
            .limit(PAGE_MAX)
        )
        return [_device(row) for row in await self._connection.execute(query)]

    async def revoke(self, device: DeviceId, at: int) -> bool:
        result = await self._connection.execute(
            update(devices).where(devices.c.id == device, devices.c.revoked_at.is_(None)).values(revoked_at=at)
        )
        # Those who change jobs lock several in no order, as this does: side by side they might wait for one another.
        await turn_of(self._connection, PUSHES)
        for table in (refresh_tokens, openid_sessions, push_subscriptions, push_jobs):
            await self._connection.execute(delete(table).where(table.c.device == device))
        return bool(result.rowcount)

    async def revoke_all(self, account: AccountId, at: int, but: DeviceId | None = None) -> list[DeviceId]:
        query = select(devices.c.id).where(devices.c.account == account, devices.c.revoked_at.is_(None))
        if but is not None:
            query = query.where(devices.c.id != but)
        found = [DeviceId(device) for device in await self._connection.scalars(query)]
        for device in found:
            await self.revoke(device, at)
        return found

    async def seen(self, device: DeviceId, at: int) -> None:
        await self._connection.execute(
            update(devices).where(devices.c.id == device, devices.c.last_seen_at < at).values(last_seen_at=at)
        )


def _device(row: Row[*tuple[Any, ...]]) -> Device:
    return Device(
        id=DeviceId(row.id),
        account=AccountId(row.account),
        name=row.name,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        revoked_at=row.revoked_at,
    )


def _standing(row: Row[*tuple[Any, ...]]) -> Standing:
    return Standing(
        account=AccountId(row.account),
        device=DeviceId(row.id),
        revoked=row.revoked_at is not None,
        disabled=row.disabled,
        closed=row.closed_at is not None,
        admin=row.admin,
    )

"""Devices: list them, revoke one; logging out is to revoke one's own."""

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.act import act_upon
from chinwag.flow.changes import post_revoked
from chinwag.ports.directory import OPERATOR, Actor, Device


async def list_devices(accounts: Accounts, account: AccountId) -> list[Device]:
    """The devices that are logged in, newest first."""
    async with accounts.directory.reading() as directory:
        return await directory.devices.of(account)


async def revoke_device(accounts: Accounts, account: AccountId, device: DeviceId) -> None:
    """Log a device out for ever: its sockets close within a second and its tokens are refused.

    Raises `no_device` unless it is one of the account's. Revoking it twice changes nothing.
    """
    now = accounts.clock()
    async with accounts.directory.transaction() as transaction:
        found = await transaction.devices.get(device)
        if found is None or found.account != account:
            raise Refused(Code.NO_DEVICE)
        if await transaction.devices.revoke(device, now):
            await post_revoked(transaction, account, [device], now)
    accounts.revoked(account, [device])


async def revoke_devices_of(
    accounts: Accounts, account: AccountId, device: DeviceId | None, *, by: Actor = OPERATOR
) -> None:
    """Log one device of somebody's account out, or with None all of them. For those who run the server.

    Raises `no_account`, `no_device`, `forbidden`.
    """
    now = accounts.clock()
    async with accounts.directory.transaction() as transaction:
        if device is None:
            await act_upon(transaction, now, by, "device.revoke_all", account)
            revoked = await transaction.devices.revoke_all(account, now)
        else:
            await act_upon(transaction, now, by, "device.revoke", account, device)
            found = await transaction.devices.get(device)
            if found is None or found.account != account:
                raise Refused(Code.NO_DEVICE)
            revoked = [device] if await transaction.devices.revoke(device, now) else []
        await post_revoked(transaction, account, revoked, now)
    accounts.revoked(account, revoked)

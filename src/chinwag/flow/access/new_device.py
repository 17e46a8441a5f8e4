"""A new device of an account, with its first tokens: the end of every way to log in."""

import msgspec

from chinwag.domain.account import DEVICES_MAX, device_name_of
from chinwag.domain.account_change import DeviceAdded
from chinwag.domain.ids import DeviceId
from chinwag.flow.access.claimant import network_digest
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.access.logged_in import LoggedIn
from chinwag.flow.access.tokens import digest
from chinwag.flow.changes import post, post_revoked
from chinwag.ports.directory import Account, Device, RefreshToken, Transaction


class NewDevice(msgspec.Struct, frozen=True):
    """A device that was written into a transaction. displaced: devices that had to go for it."""

    account: Account
    device: Device
    refresh_token: str
    refresh_expires_at: int
    displaced: list[DeviceId]


async def add_device(
    accounts: Accounts, transaction: Transaction, account: Account, name: str, now: int, address: str
) -> NewDevice:
    """Write a device of `account` called `name`. With `DEVICES_MAX` devices the one longest away is revoked. Once the
    transaction is committed, `let_in` gives its tokens. address: where it is logged in from, which from now on is known
    to be the account's; empty if there is none. Raises `bad_profile`."""
    device = Device(
        id=DeviceId(accounts.ids.next(now)),
        account=account.id,
        name=device_name_of(name),
        created_at=now,
        last_seen_at=now,
    )
    refresh_token = accounts.tokens.refresh(device.id)
    expires_at = now + accounts.rules.refresh_token_ms
    displaced = await _make_room(transaction, device)
    await transaction.devices.create(device)
    await transaction.refresh_tokens.put(RefreshToken(device.id, digest(refresh_token), None, expires_at))
    if address:
        await transaction.known_networks.remember(account.id, network_digest(account.id, address), now)
    await post_revoked(transaction, account.id, displaced, now)
    version = await transaction.accounts.touch(account.id)
    await post(transaction, DeviceAdded(account.id, device.id, device.name, now, version), account.id)
    return NewDevice(account, device, refresh_token, expires_at, displaced)


def let_in(accounts: Accounts, added: NewDevice) -> LoggedIn:
    """The tokens of a device whose transaction is committed; those that went for it are told."""
    accounts.revoked(added.account.id, added.displaced)
    access_token, access_expires_at = accounts.tokens.access(added.account.id, added.device.id)
    return LoggedIn(
        added.account,
        added.device.id,
        access_token,
        access_expires_at,
        added.refresh_token,
        added.refresh_expires_at,
    )


async def _make_room(transaction: Transaction, device: Device) -> list[DeviceId]:
    present = await transaction.devices.of(device.account)
    longest_away = sorted(present, key=lambda one: (one.last_seen_at, one.id))[: len(present) - DEVICES_MAX + 1]
    displaced = [one.id for one in longest_away] if len(present) >= DEVICES_MAX else []
    for one in displaced:
        await transaction.devices.revoke(one, device.created_at)
    return displaced

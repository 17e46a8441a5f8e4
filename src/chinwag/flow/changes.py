"""Changes of accounts: each is left in the outbox, in its own transaction, for the inboxes that hear of it."""

from collections.abc import Sequence

import msgspec

from chinwag.domain.account_change import AccountChange, DeviceRevoked
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.ports.directory import Transaction


async def post(transaction: Transaction, change: AccountChange, *to: AccountId) -> None:
    """Leave `change` in the outbox for the inboxes of `to`."""
    payload = msgspec.json.encode(change)
    for account in to:
        await transaction.outbox.add(account, payload, change.version)


async def post_revoked(transaction: Transaction, account: AccountId, devices: Sequence[DeviceId], at: int) -> None:
    """Leave the news of revoked devices in the outbox of their account."""
    if devices:
        version = await transaction.accounts.touch(account)
        for device in devices:
            await post(transaction, DeviceRevoked(account, device, at, version), account)

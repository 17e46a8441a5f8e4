"""Confirm: somebody who is logged in proves that they know the password, before what cannot be undone."""

from typing import Final

from chinwag.domain.account import name_key
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.claimant import by_device
from chinwag.flow.access.collaborators import Accounts

FRESH_MS: Final = 600_000
"""How long a log-in proves who is there, for an account without a password."""


async def confirm(accounts: Accounts, account_id: AccountId, device: DeviceId, password: str, address: str) -> str:
    """The stored hash that `password` matches, to be compared again in the transaction that follows. device: the one
    that asks, whose wrong guesses count by themselves. An account without a password has an empty one, and must have
    logged in on that device within `FRESH_MS`.

    Guarded like a log-in: raises `wrong_login`, `rate_limited`, `overloaded`, `unavailable`, and `no_account`.
    """
    async with accounts.directory.reading() as directory:
        account = await directory.accounts.get(account_id)
        stored = await directory.accounts.password(account_id)
        asking = await directory.devices.get(device)
    if account is None or account.closed:
        raise Refused(Code.NO_ACCOUNT)
    if not stored:
        # Nobody can know a password that is not there: the device itself is the proof, as long as it is new.
        if asking is None or not 0 <= accounts.clock() - asking.created_at < FRESH_MS:
            raise Refused(Code.WRONG_LOGIN, "this account has no password: log in anew by its provider, then again")
        return stored
    key = name_key(account.name)
    claimant = by_device(key, address, device)
    async with accounts.throttle.guess(key, claimant) as attempt:
        if not await accounts.passwords.verify(stored, password, claimant):
            attempt.failed()
            raise Refused(Code.WRONG_LOGIN)
    return stored

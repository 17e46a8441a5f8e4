"""Confirm: somebody who is logged in proves that they know the password, before what cannot be undone."""

from chinwag.domain.account import name_key
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.claimant import by_device
from chinwag.flow.access.collaborators import Accounts


async def confirm(accounts: Accounts, account_id: AccountId, device: DeviceId, password: str, address: str) -> str:
    """The stored hash that `password` matches, to be compared again in the transaction that follows. device: the one
    that asks, whose wrong guesses count by themselves.

    Guarded like a log-in: raises `wrong_login`, `rate_limited`, `overloaded`, `unavailable`, and `no_account`.
    """
    async with accounts.directory.reading() as directory:
        account = await directory.accounts.get(account_id)
        stored = await directory.accounts.password(account_id)
    if account is None or account.closed:
        raise Refused(Code.NO_ACCOUNT)
    key = name_key(account.name)
    claimant = by_device(key, address, device)
    async with accounts.throttle.guess(key, claimant) as attempt:
        if not await accounts.passwords.verify(stored, password, claimant):
            attempt.failed()
            raise Refused(Code.WRONG_LOGIN)
    return stored

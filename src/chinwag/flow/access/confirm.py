"""Confirm: somebody who is logged in proves that they know the password, before what cannot be undone."""

from chinwag.domain.account import name_key
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.collaborators import Accounts


async def confirm(accounts: Accounts, account_id: AccountId, password: str, address: str) -> str:
    """The stored hash that `password` matches, to be compared again in the transaction that follows.

    Guarded like a log-in: raises `wrong_login`, `rate_limited`, `overloaded`, `unavailable`, and `no_account`.
    """
    async with accounts.directory.reading() as directory:
        account = await directory.accounts.get(account_id)
        stored = await directory.accounts.password(account_id)
    if account is None or account.closed:
        raise Refused(Code.NO_ACCOUNT)
    with accounts.throttle.guess(name_key(account.name), address) as attempt:
        if not await accounts.passwords.verify(stored, password):
            attempt.failed()
            raise Refused(Code.WRONG_LOGIN)
    return stored

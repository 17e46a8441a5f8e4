"""Log in: a name and a password give a new device its tokens."""

from typing import Final

from chinwag.domain.account import guessed_password, name_key
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.claimant import Claimant, claimant_of
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.access.logged_in import LoggedIn
from chinwag.flow.access.new_device import add_device, let_in
from chinwag.ports.directory import Account

NOWHERE: Final = AccountId("")
"""The id of no account."""


async def log_in(
    accounts: Accounts,
    name: str,
    password: str,
    *,
    device_name: str = "",
    address: str = "",
    known_device: str = "",
) -> LoggedIn:
    """Make a device of the account and give it tokens. With `DEVICES_MAX` devices the one longest away is revoked.

    known_device: a refresh token of an earlier log-in of the account here, used up or not. It lets nobody in; but
    whoever shows it, or comes from a network where the account was before, is not held up by strangers who guess.

    Raises `wrong_login` alike for a wrong name and a wrong password, after the same work; `rate_limited`,
    `overloaded`, `unavailable`; and `account_disabled` to who knows the password.
    """
    account, stored, claimant = await _check(accounts, name, password, address, known_device)
    outdated = accounts.passwords.outdated(stored)
    renewed = await accounts.passwords.hash(guessed_password(password) or "", claimant) if outdated else None
    now = accounts.clock()
    async with accounts.directory.transaction(account=account.id) as transaction:
        # Between the check and here the password may have changed, or the account been disabled.
        if await transaction.accounts.password(account.id) != stored:
            raise Refused(Code.WRONG_LOGIN)
        _check_enabled(await transaction.accounts.get(account.id))
        if renewed is not None:
            await transaction.accounts.set_password(account.id, renewed)
        added = await add_device(accounts, transaction, account, device_name, now, address)
    return let_in(accounts, added)


async def _check(
    accounts: Accounts, name: str, password: str, address: str, known_device: str
) -> tuple[Account, str, Claimant]:
    key = name_key(name)
    async with accounts.directory.reading() as directory:
        account = await directory.accounts.named(key)
        # An account that does not exist costs the same looks.
        asked = NOWHERE if account is None else account.id
        stored = await directory.accounts.password(asked)
        claimant = await claimant_of(directory, accounts.tokens, asked, key, address, known_device)
    async with accounts.throttle.guess(key, claimant) as attempt:
        if not await accounts.passwords.verify(stored, password, claimant) or account is None:
            attempt.failed()
            raise Refused(Code.WRONG_LOGIN)
    _check_enabled(account)
    return account, stored, claimant


def _check_enabled(account: Account | None) -> None:
    if account is None or account.closed:
        raise Refused(Code.WRONG_LOGIN)
    if account.disabled:
        raise Refused(Code.ACCOUNT_DISABLED)

"""Log in: a name and a password give a new device its tokens."""

from chinwag.domain.account import guessed_password, name_key
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.access.logged_in import LoggedIn
from chinwag.flow.access.new_device import add_device, let_in
from chinwag.ports.directory import Account


async def log_in(accounts: Accounts, name: str, password: str, *, device_name: str = "", address: str = "") -> LoggedIn:
    """Make a device of the account and give it tokens. With `DEVICES_MAX` devices the one longest away is revoked.

    Raises `wrong_login` alike for a wrong name and a wrong password, after the same work; `rate_limited`,
    `overloaded`, `unavailable`; and `account_disabled` to who knows the password.
    """
    account, stored = await _check(accounts, name, password, address)
    outdated = accounts.passwords.outdated(stored)
    renewed = await accounts.passwords.hash(guessed_password(password) or "") if outdated else None
    async with accounts.directory.transaction() as transaction:
        # Between the check and here the password may have changed, or the account been disabled.
        if await transaction.accounts.password(account.id) != stored:
            raise Refused(Code.WRONG_LOGIN)
        _check_enabled(await transaction.accounts.get(account.id))
        if renewed is not None:
            await transaction.accounts.set_password(account.id, renewed)
        added = await add_device(accounts, transaction, account, device_name, accounts.clock())
    return let_in(accounts, added)


async def _check(accounts: Accounts, name: str, password: str, address: str) -> tuple[Account, str]:
    key = name_key(name)
    with accounts.throttle.guess(key, address) as attempt:
        async with accounts.directory.reading() as directory:
            account = await directory.accounts.named(key)
            stored = "" if account is None else await directory.accounts.password(account.id)
        if not await accounts.passwords.verify(stored, password) or account is None:
            attempt.failed()
            raise Refused(Code.WRONG_LOGIN)
    _check_enabled(account)
    return account, stored


def _check_enabled(account: Account | None) -> None:
    if account is None or account.closed:
        raise Refused(Code.WRONG_LOGIN)
    if account.disabled:
        raise Refused(Code.ACCOUNT_DISABLED)

"""Disable and enable an account. For operators."""

from chinwag.domain.account_change import AccountDisabled
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.accounts.accounts import Accounts, post, post_revoked


async def disable(accounts: Accounts, account: AccountId) -> None:
    """Nobody acts for this account from now on: its devices are revoked and nobody logs in. Raises `no_account`."""
    now = accounts.clock()
    async with accounts.directory.transaction() as transaction:
        found = await transaction.accounts.get(account)
        if found is None or found.closed:
            raise Refused(Code.NO_ACCOUNT)
        revoked = await transaction.devices.revoke_all(account, now)
        if not found.disabled:
            changed = await transaction.accounts.set_disabled(account, True)
            await post(transaction, AccountDisabled(account, now, changed.version), account)
        await post_revoked(transaction, account, revoked, now)
    accounts.revoked(account, revoked, all_of_them=True)


async def enable(accounts: Accounts, account: AccountId) -> None:
    """People may log in again. Raises `no_account`, also for a closed one."""
    async with accounts.directory.transaction() as transaction:
        found = await transaction.accounts.get(account)
        if found is None or found.closed:
            raise Refused(Code.NO_ACCOUNT)
        if found.disabled:
            await transaction.accounts.set_disabled(account, False)

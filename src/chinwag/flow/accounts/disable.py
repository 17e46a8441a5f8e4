"""Disable and enable an account; make it an administrator. For those who run the server."""

from chinwag.domain.account_change import AccountDisabled
from chinwag.domain.ids import AccountId
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.act import act_upon
from chinwag.flow.changes import post, post_revoked
from chinwag.ports.directory import OPERATOR, Actor


async def disable(accounts: Accounts, account: AccountId, *, by: Actor = OPERATOR) -> None:
    """Nobody acts for this account from now on: its devices are revoked, nobody logs in, and its direct conversations
    take messages no longer. Raises `no_account`, `forbidden`."""
    now = accounts.clock()
    async with accounts.directory.transaction() as transaction:
        found = await act_upon(transaction, now, by, "account.disable", account)
        revoked = await transaction.devices.revoke_all(account, now)
        if not found.disabled:
            changed = await transaction.accounts.set_disabled(account, True)
            await post(transaction, AccountDisabled(account, now, changed.version), account)
            await transaction.declines.add(account, None, now)
        await post_revoked(transaction, account, revoked, now)
    accounts.revoked(account, revoked, all_of_them=True)
    accounts.work_waits()


async def enable(accounts: Accounts, account: AccountId, *, by: Actor = OPERATOR) -> None:
    """People may log in again. Raises `no_account`, also for a closed one, and `forbidden`."""
    now = accounts.clock()
    async with accounts.directory.transaction() as transaction:
        found = await act_upon(transaction, now, by, "account.enable", account)
        if found.disabled:
            await transaction.accounts.set_disabled(account, False)
            await transaction.declines.add(account, None, now)
    accounts.work_waits()


async def set_admin(accounts: Accounts, account: AccountId, admin: bool) -> None:
    """Let an account administer this server, or no longer. For the operator alone. Raises `no_account`."""
    now = accounts.clock()
    async with accounts.directory.transaction() as transaction:
        found = await act_upon(transaction, now, OPERATOR, "account.promote" if admin else "account.demote", account)
        if found.admin != admin:
            await transaction.accounts.set_admin(account, admin)
        await transaction.identities.made_by_hand(account)

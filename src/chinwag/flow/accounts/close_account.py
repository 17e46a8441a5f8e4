"""Close an account, for ever. What goes at once, what later, and what stays: `docs/erasure.md`."""

from chinwag.domain.account_change import AccountClosed
from chinwag.domain.account_friendship import Bond, told, unfriend
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.access.confirm import confirm
from chinwag.flow.act import act_upon
from chinwag.flow.changes import post, post_revoked
from chinwag.ports.directory import OPERATOR, PAGE_MAX, Actor, Transaction


async def close_account(
    accounts: Accounts, account: AccountId, device: DeviceId, password: str, *, address: str = ""
) -> None:
    """Close one's own account: every device is revoked, friendships and blocks end, name, profile and settings are
    emptied. `flow/erase.py` does the rest: the account leaves its groups, its direct conversations no longer take
    messages, and all that only it had goes. The name stays taken, so that nobody can be taken for a person who left.
    What it wrote stays with those to whom it wrote.

    Raises as `confirm` does.
    """
    stored = await confirm(accounts, account, device, password, address)
    now = accounts.clock()
    async with accounts.directory.transaction() as transaction:
        if await transaction.accounts.password(account) != stored:
            raise Refused(Code.WRONG_LOGIN, "the password has just been changed")
        revoked = await _close(transaction, account, now)
    accounts.revoked(account, revoked, all_of_them=True)
    accounts.work_waits()


async def close_account_of(accounts: Accounts, account: AccountId, *, by: Actor = OPERATOR) -> None:
    """Close somebody's account as `close_account` does. Raises `no_account`, also if it is closed, and `forbidden`."""
    now = accounts.clock()
    async with accounts.directory.transaction() as transaction:
        await act_upon(transaction, now, by, "account.close", account)
        revoked = await _close(transaction, account, now)
    accounts.revoked(account, revoked, all_of_them=True)
    accounts.work_waits()


async def _close(transaction: Transaction, account: AccountId, now: int) -> list[DeviceId]:
    friends = await transaction.friends.friends_of(account)
    await _end_friendships(transaction, account, now)
    revoked = await transaction.devices.revoke_all(account, now)
    await post_revoked(transaction, account, revoked, now)
    closed = await transaction.accounts.close(account, now)
    await post(transaction, AccountClosed(account, now, closed.version), account)
    await post(transaction, AccountClosed(account, now, closed.profile_version), *friends)
    await transaction.declines.add(account, None, now)
    # The last, as it takes note of what stands in the outbox.
    await transaction.erasures.begin(account, now)
    return revoked


async def _end_friendships(transaction: Transaction, account: AccountId, now: int) -> None:
    for bond in (Bond.FRIENDS, Bond.REQUESTED):
        # Each round ends the pairs that it read; FRIENDS_MAX bounds how many rounds there are.
        while pairs := await transaction.friends.page(account, bond, None, PAGE_MAX):
            for before in pairs:
                after = unfriend(before, account, now)
                await transaction.friends.put(after)
                other = before.other(account)
                await post(transaction, told(before, after, other), other)

"""Close an account, for ever."""

from chinwag.domain.account_change import AccountClosed
from chinwag.domain.account_friendship import Bond, told, unfriend
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.accounts.accounts import Accounts, post, post_revoked
from chinwag.flow.accounts.confirm import confirm
from chinwag.ports.directory import PAGE_MAX, Transaction


async def close_account(accounts: Accounts, account: AccountId, password: str, *, address: str = "") -> None:
    """Close one's own account: every device is revoked, friendships end, the profile is emptied, and its direct
    conversations take no more messages. The name stays taken, so that nobody can be taken for a person who left.
    What the account wrote is not touched here.

    Raises as `confirm` does.
    """
    stored = await confirm(accounts, account, password, address)
    now = accounts.clock()
    async with accounts.directory.transaction() as transaction:
        if await transaction.accounts.password(account) != stored:
            raise Refused(Code.WRONG_LOGIN, "the password has just been changed")
        friends = await transaction.friends.friends_of(account)
        await _end_friendships(transaction, account, now)
        revoked = await transaction.devices.revoke_all(account, now)
        await post_revoked(transaction, account, revoked, now)
        closed = await transaction.accounts.close(account, now)
        await post(transaction, AccountClosed(account, now, closed.version), account, *friends)
        await transaction.refusals.add(account, None, now)
    accounts.revoked(account, revoked, all_of_them=True)
    accounts.work_waits()


async def _end_friendships(transaction: Transaction, account: AccountId, now: int) -> None:
    for bond in (Bond.FRIENDS, Bond.REQUESTED):
        # Each round ends the pairs that it read; FRIENDS_MAX bounds how many rounds there are.
        while pairs := await transaction.friends.page(account, bond, None, PAGE_MAX):
            for before in pairs:
                after = unfriend(before, account, now)
                await transaction.friends.put(after)
                other = before.other(account)
                await post(transaction, told(before, after, other), other)

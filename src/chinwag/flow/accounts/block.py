"""Block: take nothing more from somebody. What they may no longer do, they are not told why.

Whom one blocks cannot write to one directly, add one to a group, or ask for friendship; neither sees the other's
presence, nor that the other is typing in their direct conversation. Groups that both are in go on as before.
"""

from chinwag.domain.account import BLOCKS_MAX
from chinwag.domain.account_change import BlockChanged
from chinwag.domain.account_friendship import Bond, strangers, told, unfriend
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.changes import post
from chinwag.ports.directory import Account


async def block(accounts: Accounts, account: AccountId, other: AccountId) -> None:
    """Block `other`; what friendship or request there is between the two ends. Doing it again changes nothing.

    The refusal of direct messages is left in the same transaction for `flow/declines.py`, which surely brings it into
    their conversation. Raises `no_account`, `bad_request` for oneself, `too_many` beyond `BLOCKS_MAX`.
    """
    now = accounts.clock()
    none = strangers(account, other)
    async with accounts.directory.transaction() as transaction:
        if await transaction.accounts.get(other) is None:
            raise Refused(Code.NO_ACCOUNT)
        if await transaction.blocks.count(account) >= BLOCKS_MAX and not await transaction.blocks.has(account, other):
            raise Refused(Code.TOO_MANY)
        if not await transaction.blocks.put(account, other, now):
            return
        await transaction.declines.add(account, other, now)
        before = await transaction.friends.pair(none.low, none.high)
        after = unfriend(before, account, now)
        if after is not before:
            await transaction.friends.put(after)
            readers = [account, other]
            # A request that waits because the other blocks this account: the other has never heard of it.
            if before.bond is Bond.REQUESTED and await transaction.blocks.has(other, account):
                readers = [account]
            for reader in readers:
                await post(transaction, told(before, after, reader), reader)
        version = await transaction.accounts.touch(account)
        await post(transaction, BlockChanged(other, True, now, version), account)
    accounts.work_waits()


async def unblock(accounts: Accounts, account: AccountId, other: AccountId) -> None:
    """End the block of `other`. A request for friendship that came meanwhile shows now. Again, it changes nothing."""
    now = accounts.clock()
    none = strangers(account, other)
    async with accounts.directory.transaction() as transaction:
        if not await transaction.blocks.remove(account, other):
            return
        await transaction.declines.add(account, other, now)
        pair = await transaction.friends.pair(account, other)
        if pair.bond is Bond.REQUESTED:
            await post(transaction, told(none, pair, account), account)
        version = await transaction.accounts.touch(account)
        await post(transaction, BlockChanged(other, False, now, version), account)
    accounts.work_waits()


async def list_blocks(
    accounts: Accounts, account: AccountId, after: AccountId | None, limit: int
) -> list[tuple[Account, int]]:
    """Whom an account blocks and since when (milliseconds since 1970), in the order of their ids as text."""
    async with accounts.directory.reading() as directory:
        found = await directory.blocks.page(account, after, limit)
        others = {one.id: one for one in await directory.accounts.many([one for one, _ in found])}
    return [(others[one], at) for one, at in found]

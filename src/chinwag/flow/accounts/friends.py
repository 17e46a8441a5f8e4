"""Friends: ask or accept; decline, take back or end; list."""

from chinwag.domain.account import FRIENDS_MAX
from chinwag.domain.account_friendship import Bond, Friendship, told
from chinwag.domain.account_friendship import befriend as befriended
from chinwag.domain.account_friendship import unfriend as unfriended
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.changes import post
from chinwag.ports.directory import Account, Transaction


async def befriend(accounts: Accounts, account: AccountId, other: AccountId) -> Friendship:
    """Ask `other` for friendship, or accept what it asked; the pair as it is then. Both are told.

    Who is blocked by `other` is not told: the request waits unseen until the block ends.
    Raises `no_account`, `bad_request` for oneself, `too_many` if either has `FRIENDS_MAX` friends and requests,
    `forbidden` if `account` itself blocks `other`, `rate_limited` if it has asked so often of late.
    """
    now = accounts.clock()
    async with accounts.directory.transaction() as transaction:
        await _existing(transaction, other)
        before = await transaction.friends.pair(account, other)
        after = befriended(before, account, now)
        if await transaction.blocks.has(account, other):
            raise Refused(Code.FORBIDDEN, "you block this account")
        if before.bond is Bond.NONE:
            for one in (account, other):
                if await transaction.friends.count(one) >= FRIENDS_MAX:
                    raise Refused(Code.TOO_MANY)
            accounts.tells(account, 1)
        await _store(transaction, before, after)
    return after


async def unfriend(accounts: Accounts, account: AccountId, other: AccountId) -> None:
    """End what there is between the two: a friendship, or a request of either. Both are told.

    Raises `no_account`, `bad_request` for oneself. With nothing between them it changes nothing.
    """
    now = accounts.clock()
    async with accounts.directory.transaction() as transaction:
        await _existing(transaction, other)
        before = await transaction.friends.pair(account, other)
        if await transaction.blocks.has(account, other):
            return  # what waits there, this account has never heard of
        await _store(transaction, before, unfriended(before, account, now))


async def list_friends(
    accounts: Accounts, account: AccountId, bond: Bond, after: AccountId | None, limit: int
) -> list[tuple[Friendship, Account, bool]]:
    """Pairs with that bond, each with the other account, in the order of the other's id, after the one named.

    The last says whether to show it: not a request of somebody blocked.
    """
    async with accounts.directory.reading() as directory:
        pairs = await directory.friends.page(account, bond, after, limit)
        names = [pair.other(account) for pair in pairs]
        others = {one.id: one for one in await directory.accounts.many(names)}
        blocked = await directory.blocks.by(account, names)
    return [(pair, others[name], name not in blocked) for pair, name in zip(pairs, names, strict=True)]


async def _existing(transaction: Transaction, account: AccountId) -> None:
    found = await transaction.accounts.get(account)
    if found is None or found.closed:
        raise Refused(Code.NO_ACCOUNT)


async def _store(transaction: Transaction, before: Friendship, after: Friendship) -> None:
    if after is before:
        return
    await transaction.friends.put(after)
    for reader in (after.low, after.high):
        if await transaction.blocks.has(reader, after.other(reader)):
            continue
        await post(transaction, told(before, after, reader), reader)

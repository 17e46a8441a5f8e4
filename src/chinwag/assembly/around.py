"""Who is around an account, as the presence role asks the directory for them."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from chinwag.domain.ids import AccountId
from chinwag.flow.together import Together
from chinwag.ports.directory import PAGE_MAX, Directory

APART_MAX: Final = 20_000
"""Accounts that a block keeps apart from one: so many of them at most are looked at."""


def friends_in(directory: Directory) -> Callable[[AccountId], Awaitable[Iterable[AccountId]]]:
    """Friends of an account, as the presence role asks for them."""

    async def read(accounts: Sequence[AccountId]) -> dict[AccountId, list[AccountId]]:
        async with directory.reading() as transaction:
            return await transaction.friends.friends_of_each(accounts)

    return Together(read).ask


def apart_in(directory: Directory) -> Callable[[AccountId], Awaitable[Iterable[AccountId]]]:
    """Those with whom an account has a block, of either side, and those just closed, whom a cached audience may still
    hold, as the presence role asks for them."""

    async def read(accounts: Sequence[AccountId]) -> dict[AccountId, set[AccountId]]:
        async with directory.reading() as transaction:
            around = await transaction.blocks.around_each(accounts, APART_MAX)
            closed = set(await transaction.erasures.latest(PAGE_MAX))
        return {account: (others | closed) - {account} for account, others in around.items()}

    return Together(read).ask

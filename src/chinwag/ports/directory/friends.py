"""Friends: pairs of accounts."""

from collections.abc import Sequence
from typing import Protocol

from chinwag.domain.account_friendship import Bond, Friendship
from chinwag.domain.ids import AccountId


class FriendRepository(Protocol):
    """Pairs of accounts; see `domain/account_friendship.py` for how they move."""

    async def pair(self, one: AccountId, other: AccountId) -> Friendship:
        """The pair as it is; strangers if nothing is stored. Until the transaction ends no other one changes it."""
        ...

    async def put(self, pair: Friendship) -> None:
        """Store the pair."""
        ...

    async def page(self, account: AccountId, bond: Bond, after: AccountId | None, limit: int) -> list[Friendship]:
        """The account's pairs with that bond, in the order of the other's id as text, after the one named."""
        ...

    async def count(self, account: AccountId) -> int:
        """Friends and waiting requests of an account, both ways."""
        ...

    async def friends_of(self, account: AccountId) -> list[AccountId]:
        """All friends of an account (bounded by `FRIENDS_MAX`), in no order."""
        ...

    async def friends_of_each(self, accounts: Sequence[AccountId]) -> dict[AccountId, list[AccountId]]:
        """`friends_of` each of up to `PAGE_MAX` accounts, in one read."""
        ...

"""What accounts want of their conversations."""

from collections.abc import Sequence
from typing import Protocol

from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.preferences import Preferences, Preferred


class PreferenceRepository(Protocol):
    """One row for an account and a conversation of which it wants something."""

    async def get(self, account: AccountId, conversation: ConversationId) -> Preferred | None:
        """What is kept; None: nothing."""
        ...

    async def among(
        self, accounts: Sequence[AccountId], conversations: Sequence[ConversationId]
    ) -> dict[tuple[AccountId, ConversationId], Preferences]:
        """What any of these accounts keeps for any of these conversations. The caller bounds both (at most 200)."""
        ...

    async def put(
        self, account: AccountId, conversation: ConversationId, preferences: Preferences, version: int
    ) -> None:
        """Keep these instead of what was kept."""
        ...

    async def who_wants_every(
        self, conversation: ConversationId, after: AccountId | None, limit: int
    ) -> list[AccountId]:
        """Accounts that want to be told of every message of a large group (`Preferences.wants_every`), in the order of
        their ids as text, those behind `after`."""
        ...

    async def count(self, account: AccountId) -> int:
        """For how many conversations anything is kept."""
        ...

    async def page(self, account: AccountId, after: ConversationId | None, limit: int) -> list[Preferred]:
        """What is kept for conversations after that one, in the order of their ids as text."""
        ...

"""Avatars: the pictures of accounts and groups."""

from typing import Protocol

import msgspec

from chinwag.domain.ids import AccountId, ConversationId


class Avatar(msgspec.Struct, frozen=True):
    """One picture, for one account or one group, for ever the same. claimed_at: when its blob was claimed for it, in
    milliseconds since 1970.

    account: who made it. conversation: the group for which it was made; None: it is that account's own. placed: the
    account or the group has it. One of a group that is not placed may be on its way there, and goes if it does not
    arrive.
    """

    id: str
    account: AccountId
    conversation: ConversationId | None
    hash: str
    size: int
    claimed_at: int
    placed: bool


class AvatarRepository(Protocol):
    """Avatars. An account has at most one that is placed, and so has a group; which, is said by the account and by the
    state of the conversation."""

    async def add(self, avatar: Avatar) -> None:
        """Add one. Its blob must be claimed before."""
        ...

    async def get(self, avatar: str) -> Avatar | None:
        """One of them."""
        ...

    async def remove(self, avatar: str) -> None:
        """Forget one; that there is none is no error. Its blob may go at once unless somebody claimed it since."""
        ...

    async def place(self, conversation: ConversationId, avatar: str) -> None:
        """The group has `avatar` (empty: none) now: it is placed, and those that were placed before go as by `remove`.
        Those that are on their way stay."""
        ...

    async def waiting(self, conversation: ConversationId) -> int:
        """How many for that group are not placed."""
        ...

    async def stray(self, before: int, limit: int) -> list[Avatar]:
        """Of groups, not placed, and claimed before `before`; the oldest."""
        ...

    async def page(self, after: str, limit: int) -> list[Avatar]:
        """All by id, behind `after`."""
        ...

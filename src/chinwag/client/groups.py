"""Changes of a group, each a call that returns when the change is placed."""

from typing import Protocol

from chinwag.wire.conversations import Placed
from chinwag.wire.values import (
    AccountId,
    Add,
    ConversationId,
    GroupAction,
    GroupSettings,
    Join,
    Leave,
    Pin,
    Remove,
    Role,
    SetRole,
    SetSettings,
    SetTitle,
)


class Changes(Protocol):
    """Whoever can have a change placed."""

    async def change(self, conversation: ConversationId, action: GroupAction) -> Placed:
        """Have a group changed. Raises `ApiError` when it is refused."""
        ...


class Groups:
    """The changes by name. All raise as `Client.change` does."""

    async def add(self: Changes, conversation: ConversationId, account: AccountId) -> Placed:
        """Make `account` a member."""
        return await self.change(conversation, Add(account))

    async def remove(self: Changes, conversation: ConversationId, account: AccountId) -> Placed:
        """Put a member out."""
        return await self.change(conversation, Remove(account))

    async def leave(self: Changes, conversation: ConversationId) -> Placed:
        """Go; what one could read until then stays readable."""
        return await self.change(conversation, Leave())

    async def join(self: Changes, conversation: ConversationId) -> Placed:
        """Come into an open group."""
        return await self.change(conversation, Join())

    async def set_role(self: Changes, conversation: ConversationId, account: AccountId, role: Role) -> Placed:
        """Give a member a role. Giving `owner` away makes oneself an admin."""
        return await self.change(conversation, SetRole(account, role))

    async def rename(self: Changes, conversation: ConversationId, title: str) -> Placed:
        """Give the group a title."""
        return await self.change(conversation, SetTitle(title))

    async def pin(self: Changes, conversation: ConversationId, number: int, *, on: bool = True) -> Placed:
        """Pin a message for all, or take it from the pins."""
        return await self.change(conversation, Pin(number, on))

    async def set_settings(self: Changes, conversation: ConversationId, settings: GroupSettings) -> Placed:
        """Change how the group works."""
        return await self.change(conversation, SetSettings(settings))

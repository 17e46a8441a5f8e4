"""Groups that requests have made."""

from typing import Protocol

import msgspec

from chinwag.domain.ids import ConversationId, DeviceId


class CreatedGroup(msgspec.Struct, frozen=True):
    """The request `key` of `device` makes, or was to make, `conversation`. at: when it was asked last (milliseconds
    since 1970)."""

    device: DeviceId
    key: str
    conversation: ConversationId
    at: int


class CreatedGroupRepository(Protocol):
    """Which group a device's request made, so that the request sent again gives the same group.

    A row is there before its group is asked for, as it is what fixes the id. Once it is known that the group was made,
    it stays; where it was not, the row goes, and the key begins anew.
    """

    async def get(self, device: DeviceId, key: str) -> ConversationId | None:
        """The conversation of (device, key), if there is a row."""
        ...

    async def remember(self, device: DeviceId, key: str, conversation: ConversationId, at: int) -> ConversationId:
        """The conversation of (device, key): `conversation`, unless an earlier call named another one. Notes that it
        was asked for at `at`."""
        ...

    async def unsettled(self, before: int, limit: int) -> list[CreatedGroup]:
        """The oldest of which it is not known whether they were made, of those last asked for before `before`."""
        ...

    async def settle(self, group: CreatedGroup, made: bool) -> None:
        """The group was made, or was not: forget the row then, unless it was asked for again since."""
        ...

"""Groups that requests have made."""

from typing import Protocol

from chinwag.domain.ids import ConversationId, DeviceId


class CreatedGroupRepository(Protocol):
    """Which group a device's request made, so that the request sent again gives the same group."""

    async def remember(self, device: DeviceId, key: str, conversation: ConversationId, at: int) -> ConversationId:
        """The conversation of (device, key): `conversation`, unless an earlier call named another one."""
        ...

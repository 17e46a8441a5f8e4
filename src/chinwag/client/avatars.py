"""Pictures of accounts and groups. `avatar` in a user, in `Me` and in a conversation is the picture's version."""

from urllib.parse import quote

from chinwag.client.asking import Asking, address
from chinwag.wire.conversations import Placed
from chinwag.wire.http import Me, SetAvatarRequest
from chinwag.wire.values import AccountId, ConversationId


class Avatars(Asking):
    """Setting and showing them. What is set is an upload of one's own that is ready and a picture."""

    async def set_avatar(self, upload: str) -> Me:
        """Have the middle of a picture as one's own. Raises `ApiError` (`no_upload`)."""
        return await self._http.put("/v1/me/avatar", Me, SetAvatarRequest(upload))

    async def drop_avatar(self) -> None:
        """Have none."""
        await self._http.delete("/v1/me/avatar")

    async def avatar(self, account: AccountId) -> bytes | None:
        """Somebody's picture: a square WebP of at most 512 pixels; None if there is none that one may see."""
        return await self._http.maybe_bytes(f"/v1/users/{quote(account, safe='')}/avatar")

    async def set_group_avatar(self, conversation: ConversationId, upload: str) -> Placed:
        """Give a group a picture. Raises `ApiError` (`not_allowed`, `no_upload`)."""
        return await self._http.put(f"{address(conversation)}/avatar", Placed, SetAvatarRequest(upload))

    async def drop_group_avatar(self, conversation: ConversationId) -> None:
        """Take it away."""
        await self._http.delete(f"{address(conversation)}/avatar")

    async def group_avatar(self, conversation: ConversationId) -> bytes | None:
        """A group's picture, as `avatar`."""
        return await self._http.maybe_bytes(f"{address(conversation)}/avatar")

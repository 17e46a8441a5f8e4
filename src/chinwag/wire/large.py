"""What the HTTP addresses of large groups take and give."""

import msgspec

from chinwag.domain.ids import ConversationId
from chinwag.domain.views import GroupHead

__all__ = ["GroupHead", "GroupHeads", "PostWatch"]


class PostWatch(msgspec.Struct, frozen=True):
    """POST /v1/watch: as the `watch` frame."""

    conversations: tuple[ConversationId, ...]


class GroupHeads(msgspec.Struct, frozen=True):
    """GET /v1/conversations/heads."""

    heads: list[GroupHead]

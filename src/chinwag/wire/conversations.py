"""What the HTTP addresses of conversations take and give. Views are the domain's own values."""

import msgspec

from chinwag.domain.body import SentBody
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId, ClientId, ConversationId
from chinwag.domain.views import (
    ConversationPage,
    ConversationView,
    EventPage,
    Gap,
    GroupMember,
    Hit,
    MemberPage,
    MemberView,
    MessageReactions,
    Pins,
    ReactionCountPage,
    ReactionPage,
    Receipt,
    SearchPage,
    TextRange,
)

__all__ = [
    "ConversationPage",
    "ConversationView",
    "CreateGroup",
    "CurrentCursor",
    "EventPage",
    "Gap",
    "GroupMember",
    "Hit",
    "MemberPage",
    "MemberView",
    "MessageReactions",
    "OneEvent",
    "Pins",
    "Placed",
    "PostMessage",
    "PutMessage",
    "ReactionCountPage",
    "ReactionPage",
    "Receipt",
    "Receipts",
    "SearchPage",
    "TextRange",
]


class CreateGroup(msgspec.Struct, frozen=True):
    """POST /v1/conversations. With an `Idempotency-Key` header a retry finds the same group."""

    title: str
    members: tuple[AccountId, ...] = ()
    settings: GroupSettings = GroupSettings()


class PostMessage(msgspec.Struct, frozen=True):
    """POST /v1/conversations/{id}/messages. The `Idempotency-Key` header is the client id."""

    body: SentBody
    reply_to: int = 0
    after: ClientId | None = None


class PutMessage(msgspec.Struct, frozen=True):
    """PUT /v1/conversations/{id}/messages/{number}: as the `edit` frame. The `Idempotency-Key` header is its id."""

    body: SentBody
    after: ClientId | None = None


class Placed(msgspec.Struct, frozen=True):
    """Stored, at this number."""

    conversation: ConversationId
    number: int
    sent_at: int


class OneEvent(msgspec.Struct, frozen=True):
    """GET /v1/conversations/{id}/messages/{number}. head: the highest number that the reader may read; the reactions
    are as of it."""

    event: msgspec.Raw
    head: int


class CurrentCursor(msgspec.Struct, frozen=True):
    """GET /v1/cursor: where the inbox ends now. Take it before loading afresh."""

    cursor: str


class Receipts(msgspec.Struct, frozen=True):
    """GET /v1/conversations/{id}/messages/{number}/receipts."""

    receipts: list[Receipt]

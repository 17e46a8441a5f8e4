"""Why something is refused: one code each, raised anywhere below the roles.

What a code means to people, its HTTP status and whether a retry can help stand in `wire/errors.py`.
"""

from enum import StrEnum
from typing import Final


class Code(StrEnum):
    """Every reason for which Chinwag refuses something."""

    # what was sent cannot be understood
    BAD_FRAME = "bad_frame"
    BAD_REQUEST = "bad_request"
    TOO_LARGE = "too_large"
    HELLO_EXPECTED = "hello_expected"
    HELLO_TWICE = "hello_twice"
    BAD_CURSOR = "bad_cursor"
    BAD_QUERY = "bad_query"
    UNSUPPORTED = "unsupported"
    # texts
    TEXT_EMPTY = "text_empty"
    TEXT_TOO_LONG = "text_too_long"
    TEXT_NUL = "text_nul"
    TEXT_SURROGATE = "text_surrogate"
    BAD_MENTION = "bad_mention"
    BAD_REPLY = "bad_reply"
    BAD_REACTION = "bad_reaction"
    BAD_TITLE = "bad_title"
    BAD_DESCRIPTION = "bad_description"
    # media
    NO_UPLOAD = "no_upload"
    MEDIA_TOO_LARGE = "media_too_large"
    QUOTA = "quota"
    STORAGE_FULL = "storage_full"
    BAD_MEDIA = "bad_media"
    # who asks
    UNAUTHENTICATED = "unauthenticated"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    REVOKED = "revoked"
    WRONG_LOGIN = "wrong_login"
    FORBIDDEN = "forbidden"
    REFRESH_REUSED = "refresh_reused"
    WRONG_SESSION = "wrong_session"
    OPENID_FAILED = "openid_failed"
    OPENID_STATE = "openid_state"
    OPENID_UNAVAILABLE = "openid_unavailable"
    NOT_INVITED = "not_invited"
    IDENTITY_TAKEN = "identity_taken"
    LAST_LOGIN = "last_login"
    # accounts
    NAME_TAKEN = "name_taken"
    BAD_NAME = "bad_name"
    BAD_PASSWORD = "bad_password"  # noqa: S105
    SIGN_UP_CLOSED = "sign_up_closed"
    BAD_INVITATION = "bad_invitation"
    ACCOUNT_DISABLED = "account_disabled"
    NO_ACCOUNT = "no_account"
    NO_DEVICE = "no_device"
    NO_REQUEST = "no_request"
    BAD_PROFILE = "bad_profile"
    TOO_MANY = "too_many"
    # conversations
    NO_CONVERSATION = "no_conversation"
    NOT_MEMBER = "not_member"
    ALREADY_MEMBER = "already_member"
    NOT_ALLOWED = "not_allowed"
    GROUP_FULL = "group_full"
    NOT_LARGE = "not_large"
    GROUP_CLOSED = "group_closed"
    BAD_LINK = "bad_link"
    CONVERSATION_EXISTS = "conversation_exists"
    NO_MESSAGE = "no_message"
    RECIPIENT_REFUSES = "recipient_refuses"
    MESSAGE_DELETED = "message_deleted"
    TOO_LATE = "too_late"
    TOO_MANY_EDITS = "too_many_edits"
    OUT_OF_TURN = "out_of_turn"
    ID_REUSED = "id_reused"
    # pushes
    BAD_SUBSCRIPTION = "bad_subscription"
    ENDPOINT_TAKEN = "endpoint_taken"
    PUSH_UNAVAILABLE = "push_unavailable"
    # capacity
    RATE_LIMITED = "rate_limited"
    SLOW_DOWN = "slow_down"
    OVERLOADED = "overloaded"
    SLOW_CONSUMER = "slow_consumer"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"
    # why a session ends, besides
    IDLE = "idle"
    DRAIN = "drain"
    # what HTTP knows and sockets do not
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    UPGRADE_REQUIRED = "upgrade_required"


RETRYABLE: Final = frozenset(
    {
        Code.OUT_OF_TURN,
        Code.RATE_LIMITED,
        Code.SLOW_DOWN,
        Code.OVERLOADED,
        Code.SLOW_CONSUMER,
        Code.UNAVAILABLE,
        Code.OPENID_UNAVAILABLE,
        Code.INTERNAL,
        Code.IDLE,
        Code.DRAIN,
    }
)
"""Refusals that say nothing for ever: the very same may be asked again. All others are final."""


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours
    """The request is refused for `code`. `detail` is safe to show to whoever asked; `retry_after` in seconds."""

    def __init__(self, code: Code, detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.retry_after = retry_after


class NoAnswerError(Refused):
    """Refused as unavailable, as nobody who was asked has answered: they said no to nothing, and may answer later."""

    def __init__(self, detail: str, retry_after: float = 1.0) -> None:
        super().__init__(Code.UNAVAILABLE, detail, retry_after)

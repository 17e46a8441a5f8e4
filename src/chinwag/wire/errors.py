"""The one catalogue of errors: what each code means, its HTTP status, its close code, whether a retry can help.

HTTP answers carry it as a problem document (RFC 9457), sockets as an `error` or a `bye` frame.
"""

from typing import Final

import msgspec

from chinwag.domain.refusal import Code, Refused

__all__ = ["CATALOGUE", "Code", "Meaning", "Problem", "Refused", "problem"]


class Meaning(msgspec.Struct, frozen=True):
    """One code's meaning. `close` is the WebSocket close code (RFC 6455, 7.4) where a session ends with it."""

    meaning: str
    status: int
    retryable: bool = False
    close: int = 1008


CATALOGUE: Final[dict[Code, Meaning]] = {
    Code.BAD_FRAME: Meaning("The frame is not JSON of a known type, or a field has the wrong form.", 400),
    Code.BAD_REQUEST: Meaning("The request is not of the form that this address takes.", 400),
    Code.TOO_LARGE: Meaning("The frame or body is larger than the server takes.", 413, close=1009),
    Code.HELLO_EXPECTED: Meaning("The first frame of a session must be hello, and soon.", 400),
    Code.HELLO_TWICE: Meaning("This session has said hello already.", 400),
    Code.BAD_CURSOR: Meaning("The cursor is not one that this server gave.", 400),
    Code.BAD_QUERY: Meaning("A search asks for 1 to 32 words in at most 256 characters, or for something else.", 422),
    Code.UNSUPPORTED: Meaning("This server does not know that kind yet.", 400),
    Code.TEXT_EMPTY: Meaning("A text has at least one character.", 422),
    Code.TEXT_TOO_LONG: Meaning("The text is longer than the server takes.", 422),
    Code.TEXT_NUL: Meaning("A text cannot hold the character U+0000.", 422),
    Code.TEXT_SURROGATE: Meaning("A text cannot hold half a surrogate pair.", 422),
    Code.BAD_MENTION: Meaning("A mention must name an account, and there is a limit to their number.", 422),
    Code.BAD_REPLY: Meaning("A reply must name a message of the same conversation that you may read.", 422),
    Code.BAD_REACTION: Meaning("A reaction is one emoji.", 422),
    Code.BAD_TITLE: Meaning("A title has 1 to 200 characters, without control characters.", 422),
    Code.BAD_DESCRIPTION: Meaning(
        "A description has at most 1,000 characters, and of control characters only line breaks.", 422
    ),
    Code.NO_UPLOAD: Meaning("There is no such upload of yours, or it is not whole.", 404),
    Code.MEDIA_TOO_LARGE: Meaning("The file is larger than the server takes.", 413),
    Code.QUOTA: Meaning("Your files take as much room as the server gives one account.", 403),
    Code.STORAGE_FULL: Meaning("The server has no room for files left: ask its administrator.", 507),
    Code.BAD_MEDIA: Meaning("What came is not what was announced: its size or its checksum differs.", 422),
    Code.UNAUTHENTICATED: Meaning("The token is missing or not one of this server's.", 401),
    Code.TOKEN_EXPIRED: Meaning("The access token has expired: refresh it.", 401),
    Code.REVOKED: Meaning("This device was logged out or revoked: log in again.", 401),
    Code.WRONG_LOGIN: Meaning("The name or the password is wrong.", 401),
    Code.FORBIDDEN: Meaning("This account may not do that.", 403),
    Code.REFRESH_REUSED: Meaning("The refresh token was used before, so the device is revoked: log in again.", 401),
    Code.WRONG_SESSION: Meaning("The cookie is of another device: somebody else has logged in in this browser.", 409),
    Code.OPENID_FAILED: Meaning("The provider did not let this person in, or what it said cannot be believed.", 403),
    Code.OPENID_STATE: Meaning("This log-in is unknown, too old or used up, or another browser began it.", 400),
    Code.OPENID_UNAVAILABLE: Meaning("The provider does not answer for now: try again.", 502, True),
    Code.NOT_INVITED: Meaning("The provider's account has none here, and this server makes none without more.", 403),
    Code.IDENTITY_TAKEN: Meaning("The provider's account, or this one's place for one, is linked already.", 409),
    Code.LAST_LOGIN: Meaning("Without it nobody could log in to this account: set a password first.", 409),
    Code.NAME_TAKEN: Meaning("Somebody has that name, or one that looks like it.", 409),
    Code.BAD_NAME: Meaning("A name has 2 to 32 letters, digits, dots, dashes or underscores.", 422),
    Code.BAD_PASSWORD: Meaning("A password has 8 to 256 characters.", 422),
    Code.BAD_PROFILE: Meaning(
        "A display name has at most 64 characters, an about text 500, and neither has control characters.", 422
    ),
    Code.SIGN_UP_CLOSED: Meaning("This server takes no new accounts by itself: ask its administrator.", 403),
    Code.BAD_INVITATION: Meaning("The invitation code is wrong, used up or expired.", 403),
    Code.ACCOUNT_DISABLED: Meaning("This account is disabled: ask the server's administrator.", 403),
    Code.NO_ACCOUNT: Meaning("There is no such account.", 404),
    Code.NO_DEVICE: Meaning("There is no such device.", 404),
    Code.NO_REQUEST: Meaning("There is no such friend request.", 404),
    Code.TOO_MANY: Meaning("There are as many of these as the server allows.", 409),
    Code.NO_CONVERSATION: Meaning("There is no such conversation, or it is not yours to see.", 404),
    Code.NOT_MEMBER: Meaning("Only members of the conversation can do that.", 403),
    Code.ALREADY_MEMBER: Meaning("That account is a member already.", 409),
    Code.NOT_ALLOWED: Meaning("Your role in the conversation does not allow that.", 403),
    Code.GROUP_FULL: Meaning("The group has as many members as the server allows.", 409),
    Code.NOT_LARGE: Meaning("What is said in this group comes to the inbox: there is nothing to follow.", 409),
    Code.GROUP_CLOSED: Meaning("One joins this group only by being added.", 403),
    Code.BAD_LINK: Meaning("The join link is wrong, used up, expired or revoked.", 403),
    Code.CONVERSATION_EXISTS: Meaning("The conversation exists already.", 409),
    Code.NO_MESSAGE: Meaning("The conversation has no event of that number that you may read.", 404),
    Code.RECIPIENT_REFUSES: Meaning("The recipient does not take messages from this account.", 403),
    Code.MESSAGE_DELETED: Meaning("The message was deleted.", 409),
    Code.TOO_LATE: Meaning("The message is too old for that.", 403),
    Code.TOO_MANY_EDITS: Meaning("The message was changed as often as the server allows.", 409),
    Code.OUT_OF_TURN: Meaning("The send named in 'after' is not placed yet: send that one first.", 409, True),
    Code.ID_REUSED: Meaning("Something else was asked under this id: choose another one.", 409),
    Code.BAD_SUBSCRIPTION: Meaning("That is no address of a push service, or its keys are none.", 422),
    Code.ENDPOINT_TAKEN: Meaning("Another device is reached there: subscribe anew for an address of your own.", 409),
    Code.PUSH_UNAVAILABLE: Meaning("This server sends no pushes of that kind.", 409),
    Code.RATE_LIMITED: Meaning("Too much at once: wait as long as retry_after says.", 429, True),
    Code.SLOW_DOWN: Meaning(
        "This group takes fewer messages of one member: wait as long as retry_after says.", 429, True
    ),
    Code.OVERLOADED: Meaning("The server is full: try again later, or another one.", 503, True, 1013),
    Code.SLOW_CONSUMER: Meaning("This session reads too slowly: come back with your cursor.", 503, True, 1013),
    Code.UNAVAILABLE: Meaning("A part of the server is away for now: try again.", 503, True, 1013),
    Code.INTERNAL: Meaning("The server made a mistake; it is logged. Try again.", 500, True, 1011),
    Code.IDLE: Meaning("No frame came in time.", 408, True, 1001),
    Code.DRAIN: Meaning("The server is stopping: connect again, with your cursor.", 503, True, 1012),
    Code.NOT_FOUND: Meaning("There is nothing at this address.", 404),
    Code.METHOD_NOT_ALLOWED: Meaning("This address does not take that method.", 405),
    Code.UPGRADE_REQUIRED: Meaning("This address speaks WebSocket (RFC 6455, version 13) only.", 426),
}


class Problem(msgspec.Struct, omit_defaults=True):
    """An RFC 9457 problem document. `code` is the catalogue's, `retry_after` in seconds."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    retryable: bool = False
    retry_after: float | None = None


def problem(refusal: Refused) -> Problem:
    """The problem document of a refusal."""
    entry = CATALOGUE[refusal.code]
    return Problem(
        type=f"urn:chinwag:error:{refusal.code}",
        title=entry.meaning,
        status=entry.status,
        code=refusal.code,
        detail=refusal.detail,
        retryable=entry.retryable,
        retry_after=refusal.retry_after,
    )

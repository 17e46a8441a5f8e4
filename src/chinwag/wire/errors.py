"""The one catalogue of errors: what each code means, its HTTP status, its close code, whether a retry can help.

HTTP answers carry it as a problem document (RFC 9457), sockets as an `error` or a `bye` frame.
"""

from typing import Final

import msgspec

from chinwag.domain.refusal import Code, Refused

__all__ = ["CATALOGUE", "Code", "Entry", "Problem", "Refused", "problem"]


class Entry(msgspec.Struct, frozen=True):
    """One code's meaning. `close` is the WebSocket close code (RFC 6455, 7.4) where a session ends with it."""

    meaning: str
    status: int
    retryable: bool = False
    close: int = 1008


CATALOGUE: Final[dict[Code, Entry]] = {
    Code.BAD_FRAME: Entry("The frame is not JSON of a known type, or a field has the wrong form.", 400),
    Code.BAD_REQUEST: Entry("The request is not of the form that this address takes.", 400),
    Code.TOO_LARGE: Entry("The frame or body is larger than the server takes.", 413, close=1009),
    Code.HELLO_EXPECTED: Entry("The first frame of a session must be hello, and soon.", 400),
    Code.HELLO_TWICE: Entry("This session has said hello already.", 400),
    Code.BAD_CURSOR: Entry("The cursor is not one that this server gave.", 400),
    Code.UNSUPPORTED: Entry("This server does not know that kind yet.", 400),
    Code.TEXT_EMPTY: Entry("A text has at least one character.", 422),
    Code.TEXT_TOO_LONG: Entry("The text is longer than the server takes.", 422),
    Code.TEXT_NUL: Entry("A text cannot hold the character U+0000.", 422),
    Code.TEXT_SURROGATE: Entry("A text cannot hold half a surrogate pair.", 422),
    Code.BAD_MENTION: Entry("A mention must name an account, and there is a limit to their number.", 422),
    Code.BAD_REPLY: Entry("A reply must name an earlier event of the same conversation.", 422),
    Code.BAD_TITLE: Entry("A title has 1 to 200 characters, without control characters.", 422),
    Code.BAD_DESCRIPTION: Entry(
        "A description has at most 1,000 characters, and of control characters only line breaks.", 422
    ),
    Code.UNAUTHENTICATED: Entry("The token is missing or not one of this server's.", 401),
    Code.TOKEN_EXPIRED: Entry("The access token has expired: refresh it.", 401),
    Code.REVOKED: Entry("This device was logged out or revoked: log in again.", 401),
    Code.WRONG_LOGIN: Entry("The name or the password is wrong.", 401),
    Code.FORBIDDEN: Entry("This account may not do that.", 403),
    Code.REFRESH_REUSED: Entry("The refresh token was used before, so the device is revoked: log in again.", 401),
    Code.NAME_TAKEN: Entry("Somebody has that name.", 409),
    Code.BAD_NAME: Entry("A name has 2 to 32 letters, digits, dots, dashes or underscores.", 422),
    Code.BAD_PASSWORD: Entry("A password has 8 to 256 characters.", 422),
    Code.BAD_PROFILE: Entry(
        "A display name has at most 64 characters, an about text 500, and neither has control characters.", 422
    ),
    Code.SIGN_UP_CLOSED: Entry("This server takes no new accounts by itself: ask its administrator.", 403),
    Code.BAD_INVITATION: Entry("The invitation code is wrong, used up or expired.", 403),
    Code.ACCOUNT_DISABLED: Entry("This account is disabled: ask the server's administrator.", 403),
    Code.NO_ACCOUNT: Entry("There is no such account.", 404),
    Code.NO_DEVICE: Entry("There is no such device.", 404),
    Code.NO_REQUEST: Entry("There is no such friend request.", 404),
    Code.TOO_MANY: Entry("There are as many of these as the server allows.", 409),
    Code.NO_CONVERSATION: Entry("There is no such conversation, or it is not yours to see.", 404),
    Code.NOT_MEMBER: Entry("Only members of the conversation can do that.", 403),
    Code.ALREADY_MEMBER: Entry("That account is a member already.", 409),
    Code.NOT_ALLOWED: Entry("Your role in the conversation does not allow that.", 403),
    Code.GROUP_FULL: Entry("The group has as many members as the server allows.", 409),
    Code.GROUP_CLOSED: Entry("One joins this group only by being added.", 403),
    Code.BAD_LINK: Entry("The join link is wrong, used up, expired or revoked.", 403),
    Code.CONVERSATION_EXISTS: Entry("The conversation exists already.", 409),
    Code.NO_MESSAGE: Entry("The conversation has no event of that number that you may read.", 404),
    Code.RECIPIENT_REFUSES: Entry("The recipient does not take messages from this account.", 403),
    Code.OUT_OF_TURN: Entry("The send named in 'after' is not placed yet: send that one first.", 409, True),
    Code.RATE_LIMITED: Entry("Too much at once: wait as long as retry_after says.", 429, True),
    Code.OVERLOADED: Entry("The server is full: try again later, or another one.", 503, True, 1013),
    Code.SLOW_CONSUMER: Entry("This session reads too slowly: come back with your cursor.", 503, True, 1013),
    Code.UNAVAILABLE: Entry("A part of the server is away for now: try again.", 503, True, 1013),
    Code.INTERNAL: Entry("The server made a mistake; it is logged. Try again.", 500, True, 1011),
    Code.IDLE: Entry("No frame came in time.", 408, True, 1001),
    Code.DRAIN: Entry("The server is stopping: connect again, with your cursor.", 503, True, 1012),
    Code.NOT_FOUND: Entry("There is nothing at this address.", 404),
    Code.METHOD_NOT_ALLOWED: Entry("This address does not take that method.", 405),
    Code.UPGRADE_REQUIRED: Entry("This address speaks WebSocket (RFC 6455, version 13) only.", 426),
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

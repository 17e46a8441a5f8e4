"""Bytes to frames and back. Does no I/O and keeps nothing; what cannot be understood is refused with a code."""

from typing import Final, TypeVar

import msgspec

from chinwag.domain.ids import CLIENT_CHARACTERS, CONVERSATION_CHARACTERS, AccountId, ClientId, ConversationId
from chinwag.domain.refusal import Code, Refused
from chinwag.wire.errors import CATALOGUE
from chinwag.wire.faulty import Faulty
from chinwag.wire.frames import ClientFrame, Error, Pong, ServerFrame

TYPE_CHARACTERS: Final = 32
"""The longest type of a frame that is said again."""

encode: Final = msgspec.json.Encoder().encode
PONG: Final = encode(Pong())

_from_client: Final[msgspec.json.Decoder[ClientFrame]] = msgspec.json.Decoder(ClientFrame)
_from_server: Final[msgspec.json.Decoder[ServerFrame]] = msgspec.json.Decoder(ServerFrame)


def decode_client(payload: bytes) -> ClientFrame:
    """A client's frame. Raises `BadFrame` with `bad_frame`, `unsupported` or `text_surrogate`, and nothing else.

    UTF-8 is checked in all of it, also in fields that are passed over. Of a name that comes twice the last counts;
    how deep JSON may nest is bounded by the decoder.
    """
    try:
        if not payload.isascii():
            str(payload, "utf-8")
        return _from_client.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _explain(payload, error) from None


def decode_server(payload: bytes | memoryview) -> ServerFrame:
    """A server's frame. Raises `Refused` with `bad_frame`; a client skips frames of unknown type."""
    try:
        return _from_server.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(Code.BAD_FRAME, str(error)) from None


EVENT_FRAME: Final = b'{"type":"event","position":%d,"event":%b}'
"""An `event` frame around an event that is JSON already: encoded once, sent to many."""


def event_frame(position: int, event: bytes) -> bytes:
    """`EVENT_FRAME` of one event at its position."""
    return EVENT_FRAME % (position, event)


def signal_frame(signal: bytes) -> bytes:
    """A `signal` frame around a signal that is JSON already."""
    return b'{"type":"signal","signal":%b}' % signal


def feed_frame(conversation: ConversationId, event: bytes) -> bytes:
    """A `feed` frame around an event that is JSON already: encoded once, sent to all who follow."""
    return b'{"type":"feed","conversation":%b,"event":%b}' % (encode(conversation), event)


class About(msgspec.Struct, frozen=True, gc=False):
    """What a refused frame says of itself, as far as that can be told: so that its sender knows which one it was."""

    type: str | None = None
    id: ClientId | None = None
    conversation: ConversationId | None = None
    to: AccountId | None = None
    position: int | None = None


NOTHING: Final = About()
_about: Final = msgspec.json.Decoder(About)


def about(payload: bytes) -> About:
    """What a frame says of itself, for the answer to one that is refused unread."""
    try:
        return _about.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return NOTHING


def about_frame(frame: ClientFrame) -> About:
    """The same of one that was read."""
    tag = frame.__struct_config__.tag
    return About(str(tag), *(getattr(frame, name, None) for name in ("id", "conversation", "to", "position")))


def error_frame(refusal: Refused, answers: About = NOTHING) -> bytes:
    """The `error` frame of a refusal of the frame `answers`. What is too long to be an id is not said again."""
    meaning = CATALOGUE[refusal.code]
    message = f"{meaning.meaning} ({refusal.detail})" if refusal.detail else meaning.meaning
    position = answers.position
    return encode(
        Error(
            code=refusal.code,
            message=message,
            retryable=meaning.retryable,
            retry_after=refusal.retry_after,
            id=_short(answers.id, CLIENT_CHARACTERS),
            conversation=_short(answers.conversation, CONVERSATION_CHARACTERS),
            frame=_short(answers.type, TYPE_CHARACTERS),
            position=position if position is not None and 0 <= position < 1 << 53 else None,
        )
    )


Name = TypeVar("Name", bound=str)


def _short(name: Name | None, most: int) -> Name | None:
    return name if name is not None and 0 < len(name) <= most and name.isprintable() else None


class BadFrame(Refused):
    """A refused frame, and what it says of itself."""

    about: About = NOTHING


def _explain(payload: bytes, error: Exception) -> BadFrame:
    """Why a frame was not understood, and what it says of itself."""
    code, detail = Code.BAD_FRAME, str(error)
    faulty = Faulty(payload)
    if not isinstance(error, msgspec.ValidationError | RecursionError):
        if faulty.only_half_a_pair:
            code, detail = Code.TEXT_SURROGATE, ""
    elif "Invalid value" in detail and ".type" in detail and faulty.is_json:
        code = Code.UNSUPPORTED
    refused = BadFrame(code, detail[:200])
    refused.about = msgspec.convert(faulty.said(), About)
    return refused


class Cursor(msgspec.Struct, frozen=True, gc=False):
    """A device's place in its inbox: all up to `position` is known. Written `epoch.position`."""

    epoch: int
    position: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.position}"


CURSOR_CHARACTERS: Final = 41
"""Two numbers of 64 bits with the dot between them; nothing longer is looked at."""


def parse_cursor(text: str) -> Cursor:
    """Read `epoch.position`. Raises `Refused(BAD_CURSOR)`."""
    epoch, dot, position = text.partition(".") if len(text) <= CURSOR_CHARACTERS else ("", "", "")
    digits = epoch.isascii() and epoch.isdecimal() and position.isascii() and position.isdecimal()
    if not dot or not digits:
        raise Refused(Code.BAD_CURSOR)
    cursor = Cursor(int(epoch), int(position))
    if cursor.position >= 1 << 63 or cursor.epoch >= 1 << 63:
        raise Refused(Code.BAD_CURSOR)
    return cursor

"""Bytes to frames and back. Does no I/O and keeps nothing; what cannot be understood is refused with a code."""

import json
from typing import Final

import msgspec

from chinwag.domain.ids import CLIENT_CHARACTERS, ClientId
from chinwag.domain.refusal import Code, Refused
from chinwag.wire.errors import CATALOGUE
from chinwag.wire.frames import ClientFrame, Error, Pong, ServerFrame

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


def event_frame(position: int, event: bytes) -> bytes:
    """An `event` frame around an event that is JSON already: encoded once, sent to many."""
    return b"".join((b'{"type":"event","position":', b"%d" % position, b',"event":', event, b"}"))


def signal_frame(signal: bytes) -> bytes:
    """A `signal` frame around a signal that is JSON already."""
    return b'{"type":"signal","signal":%b}' % signal


def error_frame(refusal: Refused, answers: ClientId | None = None) -> bytes:
    """The `error` frame of a refusal; `answers` is the id of the frame that it answers."""
    entry = CATALOGUE[refusal.code]
    message = f"{entry.meaning} ({refusal.detail})" if refusal.detail else entry.meaning
    return encode(
        Error(
            code=refusal.code,
            message=message,
            retryable=entry.retryable,
            retry_after=refusal.retry_after,
            id=answers,
        )
    )


class _Named(msgspec.Struct, gc=False):
    id: ClientId | None = None


_named: Final = msgspec.json.Decoder(_Named)


def frame_id(payload: bytes) -> ClientId | None:
    """What a frame calls itself, for the answer to one that is refused unread; None if that cannot be told."""
    try:
        named = _named.decode(payload).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return named if named is not None and len(named) <= CLIENT_CHARACTERS and named.isprintable() else None


class BadFrame(Refused):
    """A refused frame; `id` is what it called itself, where that could be told."""

    id: ClientId | None = None


def has_half_a_pair(payload: bytes) -> bool:
    """Whether a payload that cannot be decoded is JSON but for half a surrogate pair. Slow: only for what was refused.

    The decoder's own words do not always tell: it reads on for the other half, past the end of the text.
    """
    return _holds_half_a_pair(_leniently(payload))


def _leniently(payload: bytes) -> object:
    """The payload as the standard library's parser takes it: with half surrogate pairs, any number. None: not JSON."""
    try:
        text = str(payload, "utf-8", "surrogatepass")
        return json.loads(text, parse_constant=_no_number, parse_int=_any_number, parse_float=_any_number)
    except (ValueError, RecursionError):
        return None


def _holds_half_a_pair(value: object) -> bool:
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            if not one.isascii() and any("\ud800" <= character <= "\udfff" for character in one):
                return True
        elif isinstance(one, dict):
            left += (*one.keys(), *one.values())
        elif isinstance(one, list):
            left += one
    return False


def _explain(payload: bytes, error: Exception) -> BadFrame:
    """Why a frame was not understood. Slow, and only for frames that are wrong."""
    code, detail, named = Code.BAD_FRAME, str(error), None
    plain = _leniently(payload)
    if isinstance(plain, dict):
        named = plain.get("id")
        if not isinstance(error, msgspec.ValidationError | RecursionError) and _holds_half_a_pair(plain):
            code, detail = Code.TEXT_SURROGATE, ""
        elif "Invalid value" in detail and ".type" in detail:
            code = Code.UNSUPPORTED
    refused = BadFrame(code, detail[:200])
    if isinstance(named, str) and len(named) <= CLIENT_CHARACTERS and named.isprintable():
        refused.id = ClientId(named)
    return refused


def _no_number(name: str) -> object:
    """NaN and the infinities, which Python's parser takes for numbers."""
    raise ValueError(name)


def _any_number(_digits: str) -> int:
    """Numbers do not matter here, and turning a million digits into one takes a second."""
    return 0


class Cursor(msgspec.Struct, frozen=True, gc=False):
    """A device's place in its inbox: all up to `position` is known. Written `epoch.position`."""

    epoch: int
    position: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.position}"


def parse_cursor(text: str) -> Cursor:
    """Read `epoch.position`. Raises `Refused(BAD_CURSOR)`."""
    epoch, dot, position = text.partition(".")
    digits = epoch.isascii() and epoch.isdecimal() and position.isascii() and position.isdecimal()
    if not dot or not digits or len(text) > 41:
        raise Refused(Code.BAD_CURSOR)
    cursor = Cursor(int(epoch), int(position))
    if cursor.position >= 1 << 63 or cursor.epoch >= 1 << 63:
        raise Refused(Code.BAD_CURSOR)
    return cursor

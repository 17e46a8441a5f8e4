"""What can still be read of JSON that cannot be decoded: half a surrogate pair in it, and which frame it was.

Anybody may send such JSON, as long and as often as its budget allows. So it is looked at by the decoder and by patterns
alone, at no more cost than reading what is right, and never value by value.
"""

import re
from typing import Final

import msgspec

# Each begins with what is looked for byte by byte; the rest of a pattern is tried there only.
HALF: Final = re.compile(
    rb"\\u(?:[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u)[dD][c-fC-F][0-9a-fA-F]{2})"
)
"""The first half of a pair without its second, or the second without its first."""
HALF_IN_BYTES: Final = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_BACKSLASH: Final = rb"\\"
_STAND_IN: Final = rb"\b"
"""As long as an escaped backslash, in whose place it stands while escapes are looked for; it is in no id."""
_WHOLE: Final = b"?"


class _Fields(msgspec.Struct, frozen=True, gc=False):
    """Of whatever kind they are."""

    type: msgspec.Raw = msgspec.Raw()
    id: msgspec.Raw = msgspec.Raw()
    conversation: msgspec.Raw = msgspec.Raw()
    to: msgspec.Raw = msgspec.Raw()
    position: msgspec.Raw = msgspec.Raw()


_any: Final = msgspec.json.Decoder(msgspec.Raw)
_fields: Final = msgspec.json.Decoder(_Fields)
_text: Final = msgspec.json.Decoder(str)
_number: Final = msgspec.json.Decoder(int)


class Faulty:
    """JSON that the decoder did not take."""

    def __init__(self, payload: bytes) -> None:
        plain = payload.replace(_BACKSLASH, _STAND_IN)
        self._plain, self._halves = HALF.subn(_WHOLE, plain)
        if not plain.isascii():
            self._plain, more = HALF_IN_BYTES.subn(_WHOLE, self._plain)
            self._halves += more

    @property
    def is_json(self) -> bool:
        """Whether it is JSON, but for half pairs."""
        try:
            str(self._plain, "utf-8")
            _any.decode(self._plain)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        return True

    @property
    def only_half_a_pair(self) -> bool:
        """Whether it is JSON but for half pairs, and has some. The decoder's own words do not always tell: it reads on
        for the other half, past the end of the text."""
        return self._halves > 0 and self.is_json

    def said(self) -> dict[str, str | int]:
        """Those of the fields that name a frame which are of their kind; none of what is no object."""
        try:
            fields = _fields.decode(self._plain)
        except (msgspec.DecodeError, RecursionError):
            return {}
        said: dict[str, str | int] = {}
        for name in _Fields.__struct_fields__:
            raw = getattr(fields, name)
            try:
                value = _number.decode(raw) if name == "position" else _text.decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # it is not there, or of another kind
            said[name] = value.replace("\b", "\\") if isinstance(value, str) else value
        return said

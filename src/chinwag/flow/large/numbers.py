"""The number of an event."""

from typing import Final

import msgspec


class _Number(msgspec.Struct, gc=False):
    number: int


_decode: Final = msgspec.json.Decoder(_Number).decode


def number_of(event: bytes) -> int:
    """The number that an event (JSON) of a conversation has."""
    return _decode(event).number

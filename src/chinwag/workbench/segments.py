"""JPEG without what was written beside its picture, where it cannot be made anew: too many pixels, or cut short.

Nothing is decoded: segments are copied or left out (ITU-T T.81, annex B). What is broken raises `BrokenError`.
"""

from typing import Final

from chinwag.workbench.animations import BrokenError

_BEGIN, _END, _SCAN = 0xD8, 0xD9, 0xDA
_KEPT: Final = frozenset({0xE0, 0xEE})
"""Of what programs write for themselves (E0 to EF): JFIF, and how Adobe means its colours. Nothing of a camera's."""
_BESIDE: Final = frozenset({*range(0xE0, 0xF0), 0xFE}) - _KEPT
_MOST: Final = 32
"""Bytes of one that is kept: a longer JFIF holds a picture of its own."""


def cleaned(content: bytes) -> bytes:
    """The same picture with nothing beside it: no Exif, XMP, comments and profiles, nothing behind its end."""
    if content[:2] != bytes([0xFF, _BEGIN]):
        raise BrokenError
    made, at = bytearray(content[:2]), 2
    while at < len(content):
        if content[at] != 0xFF or at + 2 > len(content):
            raise BrokenError
        kind = content[at + 1]
        if kind == 0xFF:  # filling
            at += 1
            continue
        if kind == _END:
            break
        if at + 4 > len(content):
            raise BrokenError
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        end = at + 2 + length
        if length < 2 or end > len(content):
            raise BrokenError
        if kind == _SCAN:
            end = _scan_end(content, end)
        if kind not in _BESIDE and not (kind in _KEPT and length > _MOST):
            made += content[at:end]
        at = end
    return bytes(made) + bytes([0xFF, _END])


def _scan_end(content: bytes, at: int) -> int:
    """Where the data of a scan that begins there have ended: before the next marker that is none of a restart."""
    while (at := content.find(b"\xff", at)) >= 0:
        if at + 1 < len(content) and content[at + 1] and not 0xD0 <= content[at + 1] <= 0xD7:
            return at
        at += 2
    return len(content)

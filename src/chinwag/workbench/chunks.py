"""PNG and WebP without what was written beside their pictures, where they cannot be made anew.

Nothing is decoded: chunks are copied or left out. What is broken raises `BrokenError`.
"""

from typing import Final

from chinwag.workbench.animations import BrokenError, cleaned_frame

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT: Final = frozenset(
    {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"acTL", b"fcTL", b"fdAT"}
)
"""Pixels, their colours and the frames of an animation (PNG, third edition, 11): no texts, times, profiles and Exif."""
_WEBP_KEPT: Final = frozenset({b"ALPH", b"VP8 ", b"VP8L", b"ANIM"})
_SHOWN_FLAGS: Final = 0x12
"""Of a WebP's head: that it moves, and that it can be seen through."""


def cleaned_png(content: bytes) -> bytes:
    """The same picture; nothing stands behind its end. Of one that is cut short, as far as it goes."""
    if not content.startswith(_PNG):
        raise BrokenError
    made, at = bytearray(_PNG), len(_PNG)
    while at + 8 <= len(content):
        length, name = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        if name == b"IEND":
            break
        if name in _PNG_KEPT:
            made += content[at : at + 12 + length]
        at += 12 + length
    if b"IDAT" not in made:
        raise BrokenError
    return bytes(made) + b"\0\0\0\0IEND\xae\x42\x60\x82"


def cleaned_webp(content: bytes) -> bytes:
    """The same picture or animation (RFC 9649, 2.7)."""
    made, at = bytearray(), 12
    end = min(len(content), 8 + int.from_bytes(content[4:8], "little"))
    while at + 8 <= end:
        name, length = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        chunk = content[at : at + 8 + length + length % 2]
        if name == b"VP8X" and length == 10:
            made += chunk[:8] + bytes([chunk[8] & _SHOWN_FLAGS]) + chunk[9:]
        elif name == b"ANMF":
            made += cleaned_frame(chunk)
        elif name in _WEBP_KEPT:
            made += chunk
        at += 8 + length + length % 2
    if not made:
        raise BrokenError
    return b"RIFF" + (4 + len(made)).to_bytes(4, "little") + b"WEBP" + bytes(made)

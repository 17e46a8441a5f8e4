"""Animated GIF and WebP: their frames as they are, without comments and all else that was written beside them.

Nothing is decoded here: blocks are copied or left out. What is broken raises `BrokenError`.
"""

from typing import Final

MOST_FRAMES: Final = 500
"""Later ones are left out."""
_LOOPS: Final = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_EXTENSION, _FRAME, _END = 0x21, 0x2C, 0x3B
_CONTROL, _APPLICATION = 0xF9, 0xFF


class BrokenError(Exception):
    """It ends too early, or says what cannot be."""


def cleaned(content: bytes, media_type: str) -> bytes | None:
    """The same animation with nothing besides its frames; None if it has but one."""
    if media_type == "image/gif":
        return _cleaned_gif(content)
    if media_type == "image/webp":
        return _cleaned_webp(content)
    return None


def bared_gif(content: bytes) -> bytes:
    """A GIF that cannot be shown, with nothing besides its frames, as far as they are whole. Raises `BrokenError`."""
    made, frames, _ = _gif(content)
    if not frames:
        raise BrokenError
    return made


def _cleaned_gif(content: bytes) -> bytes | None:
    made, frames, is_whole = _gif(content)
    if not frames or not is_whole:
        raise BrokenError
    return made if frames > 1 else None


def _gif(content: bytes) -> tuple[bytes, int, bool]:
    """By blocks (GIF 89a, 15 to 26): the screen and its colours, loops, controls and frames; how many frames, and
    whether it was not cut short."""
    if len(content) < 13:
        raise BrokenError
    at = 13 + _colours(content[10])
    made = bytearray(content[:at])
    frames, control, is_whole = 0, b"", True
    try:
        while frames < MOST_FRAMES:
            kind = _byte(content, at)
            if kind == _FRAME:
                data = at + 10 + _colours(_byte(content, at + 9))
                end = _sub_blocks(content, data + 1)  # a byte of its own comes before the data
                made += control + content[at:end]
                frames, control, at = frames + 1, b"", end
                continue
            if kind != _EXTENSION:
                break  # the end, or what some programs write after the last frame
            end = _sub_blocks(content, at + 2)
            label = _byte(content, at + 1)
            if label == _CONTROL:
                control = content[at:end]
            elif label == _APPLICATION and content[at + 3 : at + 14] in _LOOPS and end - at == 19:
                made += content[at:end]
            at = end
    except BrokenError:
        is_whole = False
    return bytes(made) + bytes([_END]), frames, is_whole


def _colours(flags: int) -> int:
    """Bytes of the table of colours that these flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _sub_blocks(content: bytes, at: int) -> int:
    """Where the sub-blocks that begin there have ended."""
    while length := _byte(content, at):
        at += 1 + length
    return at + 1


def _byte(content: bytes, at: int) -> int:
    if at >= len(content):
        raise BrokenError
    return content[at]


def _cleaned_webp(content: bytes) -> bytes | None:
    """By chunks (RFC 9649, 2.7): the head, with the flags of what is left out taken back, the loop, and frames."""
    made, frames, at = bytearray(), 0, 12
    end = min(len(content), 8 + int.from_bytes(content[4:8], "little"))
    while at + 8 <= end and frames < MOST_FRAMES:
        name, length = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        chunk = content[at : at + 8 + length + length % 2]
        if at + 8 + length > len(content):
            raise BrokenError
        if name == b"VP8X" and length == 10:
            # only the flags of animation and of opacity stay
            made += chunk[:8] + bytes([chunk[8] & 0x12]) + chunk[9:]
        elif name == b"ANIM" and length == 6:
            made += chunk
        elif name == b"ANMF":
            made += cleaned_frame(chunk)
            frames += 1
        at += len(chunk)
    if not made.startswith(b"VP8X") or frames < 2:
        return None
    return b"RIFF" + (4 + len(made)).to_bytes(4, "little") + b"WEBP" + bytes(made)


def cleaned_frame(chunk: bytes) -> bytes:
    """A frame of a WebP: it is chunks as well, and may hold unknown ones."""
    if len(chunk) < 24:
        raise BrokenError
    made, at = bytearray(), 24
    while at + 8 <= len(chunk):
        length = int.from_bytes(chunk[at + 4 : at + 8], "little")
        part = chunk[at : at + 8 + length + length % 2]
        if at + 8 + length > len(chunk):
            raise BrokenError
        if part[:4] in (b"ALPH", b"VP8 ", b"VP8L"):
            made += part
        at += len(part)
    return b"ANMF" + (16 + len(made)).to_bytes(4, "little") + chunk[8:24] + bytes(made)

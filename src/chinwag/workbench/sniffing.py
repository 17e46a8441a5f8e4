"""What a file is, by its first bytes: a short table of our own, so that nothing else is ever tried."""

from typing import Final

FIRST_BYTES: Final = 4_096
"""How much of a file is looked at."""
_STILLS: Final = {b"avif": "image/avif", b"avis": "image/avif"}
_HEIC: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
_MP4: Final = frozenset(
    {b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"mp41", b"mp42", b"avc1"}
    | {b"M4V ", b"M4VP", b"mmp4", b"MSNV", b"dash", b"3gp4", b"3gp5", b"3gp6", b"3g2a", b"qt  ", b"M4A "}
)
_KILOBITS: Final = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KILOBITS_2: Final = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_HERTZ: Final = (44_100, 48_000, 32_000)


def media_type(head: bytes) -> str:
    """The media type of a file that begins so; empty if it is none that Chinwag shows."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12], "")
    if head.startswith(b"OggS\x00"):
        return "audio/ogg"
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        # the type of the document is an element of its own: 0x4282, of four bytes
        return "video/webm" if b"\x42\x82\x84webm" in head[:64] else ""
    if head.startswith(b"ID3") or _is_mp3_frame(head):
        return "audio/mpeg"
    return ""


def _by_brand(head: bytes) -> str:
    """A file of ISO's base format names its brand, then others with which it goes as well."""
    length = int.from_bytes(head[:4], "big")
    if not 16 <= length <= 1_024:
        return ""
    major = head[8:12]
    others = [head[at : at + 4] for at in range(16, min(length, len(head)), 4)]
    for brand in (major, *others):
        if brand in _STILLS:
            return _STILLS[brand]
        if brand in _HEIC:
            return "image/heic"
    # `mif1` alone says that it is a picture, and not which
    return "video/mp4" if major in _MP4 or _MP4.intersection(others) else ""


def _is_mp3_frame(head: bytes) -> bool:
    """Whether a frame of MPEG audio, layer III, stands there, and another one after it."""
    length = _frame_length(head)
    return bool(length) and bool(_frame_length(head[length : length + 4]))


def _frame_length(head: bytes) -> int:
    """Bytes of the frame that begins there (ISO 11172-3, 2.4.1.3); 0 if none does."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, bits, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or bits in (0, 15) or rate == 3:
        return 0
    hertz = _HERTZ[rate] >> {3: 0, 2: 1, 0: 2}[version]
    kilobits = (_KILOBITS if version == 3 else _KILOBITS_2)[bits - 1]
    return (144 if version == 3 else 72) * kilobits * 1_000 // hertz + (head[2] >> 1 & 1)

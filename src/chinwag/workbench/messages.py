"""What the server asks of the workbench, and what it is answered: a line of JSON each."""

from typing import Final, Literal

import msgspec

LINE_BYTES: Final = 64 * 1024
"""The longest line, either way."""
PREVIEW_PIXELS: Final = (320, 1_280)
PICTURE_PIXELS: Final = 2_560
AVATAR_PIXELS: Final = 512

ORIGINAL: Final = "original"
SMALL: Final = "320.webp"
LARGE: Final = "1280.webp"
POSTER: Final = "poster.png"
AVATAR: Final = "avatar.webp"
COPY: Final = "copy.mp4"
NAMES: Final = frozenset({ORIGINAL, SMALL, LARGE, AVATAR, COPY})
"""What the workbench may say that it has made, in the folder that it was given."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """kind: what to do. path: the file; into: a folder for what is made. cpu_seconds, file_bytes: the bounds of this
    job. ffmpeg, ffprobe: paths of the programs, empty if there are none. poster: a picture for a video, or empty."""

    kind: Literal["inspect", "bare", "avatar", "copy"]
    path: str
    into: str
    cpu_seconds: int
    file_bytes: int
    as_picture: bool = False
    poster: str = ""
    ffmpeg: str = ""
    ffprobe: str = ""


class Done(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """media_type: empty if nothing is known of the file. original: the name of the file made instead of the given one,
    or empty. previews: names of WebP files by their pixels. made: the one file that an `avatar` or `copy` is."""

    media_type: str = ""
    width: int = 0
    height: int = 0
    duration: float = 0.0
    blur: bytes = b""
    original: str = ""
    small: str = ""
    large: str = ""
    made: str = ""
    to_copy: bool = False


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for the process as long as it lives. memory: bytes of address space."""

    memory: int
    nice: int

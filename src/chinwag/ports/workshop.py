"""The Workshop: finds out what a file is, and makes of it what is shown."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, Protocol

import msgspec

PREVIEW_PIXELS: Final = (320, 1_280)
"""The longer side of each preview, in pixels."""
PICTURE_PIXELS: Final = 2_560
"""The longest side of a picture that is sent as a picture."""
AVATAR_PIXELS: Final = 512
"""The side of an avatar, which is square."""
SHOWN_TYPES: Final = frozenset(
    {
        "image/png",
        "image/jpeg",
        "image/webp",
        "image/gif",
        "image/avif",
        "video/mp4",
        "video/webm",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
    }
)
"""What may be shown in a browser as it is. `image/heic` is told too; everything else is `application/octet-stream`."""
FILE_TYPE: Final = "application/octet-stream"

PreviewPixels = Literal[320, 1280]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a file is, and what was made of it.

    media_type: by content, one of `SHOWN_TYPES`, `image/heic` or `FILE_TYPE`, of what `original` holds. width, height:
    in pixels as it is shown, both or neither. duration: in seconds. blur: a thumbhash of at most 25 bytes, empty if
    there is none. original: the file to be kept as the original: the given one, or one made anew without metadata.
    size: of `original`, in bytes. previews: WebP files by the length of their longer side; a picture that is smaller is
    not made larger. Those of a video are of its poster. to_copy: a video that is worth a smaller copy (`smaller_copy`).
    remade: `original` was made anew.
    """

    media_type: str
    size: int
    original: Path
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    blur: bytes = b""
    previews: Mapping[PreviewPixels, Path] = {}
    to_copy: bool = False
    remade: bool = False


class Workshop(Protocol):
    """Looks at files of strangers, and makes pictures and videos anew: in processes of its own, with little memory,
    little time and no way to anything of the server's.

    Files: all paths are of this machine. A call reads `path`, which nobody changes meanwhile, and writes new files into
    the folder `into` only, which is private, empty and the caller's: the caller takes it away, whatever came of it.

    A file that cannot be understood is a file: `FILE_TYPE` or the type that its first bytes say, without size in pixels
    and without previews. No content of a file is an error, nor is a process that died over it.

    Bounds: jobs wait in a queue; one too many raises `Refused(OVERLOADED)`, and may be tried again later. A job takes
    at most 20 s of CPU and 120 s in all. A call that is cancelled ends its job.

    Failures: `Refused(OVERLOADED)`, or `Refused(UNAVAILABLE)` if no process can be started; OSError for paths that the
    server itself cannot read or write (a full disk).
    """

    async def inspect(self, path: Path, into: Path, *, as_picture: bool, poster: Path | None = None) -> Found:
        """What the file is, by its content alone: no name is looked at. as_picture: a picture is made anew, without
        metadata, at most `PICTURE_PIXELS` long; an animation keeps its frames, 500 at most, and nothing besides; a
        video keeps its pictures and sounds, and loses what else is written in it where that can be done; anything else
        stays as it is. poster: what its sender gave for a video, used only if none can be made here."""
        ...

    async def avatar(self, path: Path, into: Path) -> Path | None:
        """A square WebP from the picture's middle, of `AVATAR_PIXELS` at most; None if the file is no picture."""
        ...

    async def smaller_copy(self, path: Path, into: Path, duration: float | None = None) -> Path | None:
        """An H.264/AAC copy of a video, its index in front and without metadata, at most 720 lines high (or columns
        wide, if it is higher than wide); None if none can be made, or it would be no smaller. duration: the video's, in
        seconds. One at a time, others wait in a queue of their own; it may take four times the duration of CPU, 30
        minutes at most, at the lowest priority."""
        ...

    async def close(self) -> None:
        """End all processes. Calls that wait raise `Refused(UNAVAILABLE)`."""
        ...

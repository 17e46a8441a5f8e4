"""Video and sound by ffprobe and ffmpeg, where the machine has them: what they are told leaves them nothing to guess
and nowhere to go."""

import json
import math
import subprocess
from pathlib import Path
from typing import Any, Final

import msgspec

from chinwag.workbench.ending import end_in_time

FORMATS: Final = {
    "video/mp4": "mp4",
    "video/webm": "webm",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
}
"""The demuxer for each type, as found by content."""
MOST_SECONDS: Final = 1_000_000.0
MOST_SIDE: Final = 16_384
SAID_BYTES: Final = 4 * 1024 * 1024
POSTER_PIXELS: Final = 1_280
SMALL_LINES: Final = 720
SMALL_BITS: Final = 4_000_000
"""Bits a second above which a video gets a smaller copy."""


class Probed(msgspec.Struct, frozen=True):
    """What a file holds. width, height: as it is shown; 0 if there is no picture."""

    duration: float = 0.0
    width: int = 0
    height: int = 0


class FailedError(Exception):
    """The program did not do it."""


def probed(ffprobe: str, path: Path, media_type: str) -> Probed:
    """What ffprobe says. Raises `FailedError` if it does not understand the file."""
    said = _run(
        [ffprobe, *_READING, "-f", FORMATS[media_type], "-show_format", "-show_streams", "-of", "json"],
        ["-i", f"file:{path}"],
    )
    try:
        found = json.loads(said)
        streams = found.get("streams", [])
        video = next(
            (
                one
                for one in streams
                if one.get("codec_type") == "video" and not one.get("disposition", {}).get("attached_pic")
            ),
            None,
        )
        if not streams:
            raise FailedError
        duration = _number(found.get("format", {}).get("duration"))
        width, height = _size(video) if video and media_type.startswith("video/") else (0, 0)
        return Probed(duration if 0 < duration <= MOST_SECONDS else 0.0, width, height)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise FailedError from error


def poster(ffmpeg: str, path: Path, media_type: str, duration: float, to: Path) -> Path:
    """A picture of the video's beginning, as PNG."""
    late = ["-ss", f"{min(1.0, duration / 10):.3f}"] if duration else []
    scale = f"scale='min({POSTER_PIXELS},iw)':-2"
    _run(
        [ffmpeg, *_READING, *_WORKING, "-f", FORMATS[media_type], *late, "-i", f"file:{path}"],
        ["-map", "0:V:0", "-frames:v", "1", "-an", "-sn", "-dn", "-map_metadata", "-1", "-vf", scale],
        ["-f", "image2", "-c:v", "png", "-update", "1", f"file:{to}"],
    )
    if not to.is_file():
        raise FailedError
    return to


def without_metadata(ffmpeg: str, path: Path, media_type: str, to: Path) -> str:
    """The same pictures and sounds, and nothing else, the index of an MP4 in front; the new file's name."""
    _run(
        [ffmpeg, *_READING, *_WORKING, "-f", FORMATS[media_type], "-i", f"file:{path}"],
        ["-map", "0:V:0", "-map", "0:a?", *_BARE, "-c", "copy"],
        [*(["-movflags", "+faststart"] if media_type == "video/mp4" else []), "-f", FORMATS[media_type], f"file:{to}"],
    )
    return to.name


def is_large(found: Probed, size: int) -> bool:
    """Whether a smaller copy is worth its work."""
    if not found.duration or not found.width:
        return False
    return min(found.width, found.height) > SMALL_LINES or size * 8 / found.duration > SMALL_BITS


def smaller(ffmpeg: str, path: Path, media_type: str, to: Path) -> str:
    """An H.264/AAC copy, at most 720 lines (or, upright, columns); the new file's name."""
    scale = f"scale='if(gt(iw,ih),-2,min({SMALL_LINES},iw))':'if(gt(iw,ih),min({SMALL_LINES},ih),-2)'"
    _run(
        [ffmpeg, *_READING, *_WORKING, "-f", FORMATS[media_type], "-i", f"file:{path}"],
        ["-map", "0:V:0", "-map", "0:a:0?", *_BARE, "-vf", f"{scale},format=yuv420p"],
        ["-c:v", "libx264", "-preset", "veryfast", "-crf", "26", "-maxrate", "2500k", "-bufsize", "5000k"],
        ["-c:a", "aac", "-b:a", "128k", "-ac", "2", "-movflags", "+faststart", "-f", "mp4", f"file:{to}"],
    )
    return to.name


_READING: Final = ("-v", "error", "-protocol_whitelist", "file,pipe")
_WORKING: Final = ("-nostdin", "-threads", "1", "-filter_threads", "1")
_BARE: Final = (
    *("-sn", "-dn", "-map_metadata", "-1", "-map_metadata:s", "-1", "-map_chapters", "-1"),
    *("-fflags", "+bitexact", "-flags", "+bitexact"),
)


def _run(*words: list[str]) -> bytes:
    """What the program writes. It has the bounds of this process, and ends with it."""
    done = subprocess.run(  # noqa: S603 - a program of the machine's owner, by its whole path
        [one for part in words for one in part],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        check=False,
        preexec_fn=end_in_time,  # this process has one thread
    )
    if done.returncode or len(done.stdout) > SAID_BYTES:
        raise FailedError
    return done.stdout


def _number(given: object) -> float:
    try:
        value = float(str(given))
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0


def _size(stream: dict[str, Any]) -> tuple[int, int]:
    width, height = int(stream.get("width", 0)), int(stream.get("height", 0))
    if not (0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE):
        return 0, 0
    turned = [_number(one.get("rotation")) for one in stream.get("side_data_list", []) if "rotation" in one]
    return (height, width) if turned and round(abs(turned[0])) % 180 == 90 else (width, height)

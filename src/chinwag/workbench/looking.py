"""One job: what a file is, and what is made of it."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from PIL import Image

from chinwag.workbench import animations, boxes, chunks, items, pictures, segments, video
from chinwag.workbench.messages import (
    AVATAR,
    AVATAR_PIXELS,
    COPY,
    LARGE,
    ORIGINAL,
    PICTURE_PIXELS,
    POSTER,
    PREVIEW_PIXELS,
    SMALL,
    Done,
    Job,
)
from chinwag.workbench.sniffing import FIRST_BYTES, media_type

_SMALL_PIXELS, _LARGE_PIXELS = PREVIEW_PIXELS
MOST_ANIMATED_BYTES: Final = 64 * 1024 * 1024
"""A longer animation is a file: it is held in memory."""
MOST_BARED_BYTES: Final = 100_000_000
"""A longer photo that cannot be made anew stays as it is: it is held in memory twice."""
_FAILURES: Final = (Exception, MemoryError)
_BARE: Final[dict[str, Callable[[bytes], bytes]]] = {
    "image/jpeg": segments.cleaned,
    "image/png": chunks.cleaned_png,
    "image/webp": chunks.cleaned_webp,
    "image/gif": animations.bared_gif,
    "image/avif": items.cleaned,
    "image/heic": items.cleaned,
}
"""What takes out of each kind of picture what is not its picture."""


def done(job: Job) -> Done:
    """Do the job. What goes wrong with the file makes it a file."""
    path, into = Path(job.path), Path(job.into)
    with path.open("rb") as file:
        found = media_type(file.read(FIRST_BYTES))
    try:
        if job.kind == "copy":
            return Done(media_type=found, made=video.smaller(job.ffmpeg, path, found, into / COPY))
        if job.kind == "avatar":
            return _avatar(path, into, found)
        if job.kind == "bare":
            return _bared(path, into, found)
        if found in pictures.FORMATS:
            return _picture(path, into, found, as_picture=job.as_picture)
        if found in video.FORMATS:
            return _played(job, path, into, found)
    except _FAILURES:
        return _bared(path, into, found) if job.as_picture else _nothing(into)
    return Done(media_type=found)


def _bared(path: Path, into: Path, found: str) -> Done:
    """A file in place of a picture that cannot be made anew: where it was taken is left out all the same."""
    _cleared(into)
    with contextlib.suppress(*_FAILURES):
        if found == "video/mp4":
            return Done(original=boxes.cleaned(path, into / ORIGINAL))
        if found in _BARE and path.stat().st_size <= MOST_BARED_BYTES:
            return Done(original=pictures.write(into / ORIGINAL, _BARE[found](path.read_bytes())))
    return _nothing(into)


def _nothing(into: Path) -> Done:
    _cleared(into)
    return Done()


def _cleared(into: Path) -> None:
    """What was made before it went wrong."""
    for made in into.iterdir():
        made.unlink()


def _avatar(path: Path, into: Path, found: str) -> Done:
    if found not in pictures.FORMATS:
        return Done(media_type=found)
    with pictures.opened(path, found) as picture:
        # of a long picture the middle is to have enough pixels
        longest = min(PICTURE_PIXELS, AVATAR_PIXELS * max(picture.size) // min(picture.size) + 1)
        made = pictures.square(pictures.bare(picture, longest), AVATAR_PIXELS)
    return Done(media_type=found, made=pictures.write(into / AVATAR, pictures.as_webp(made)))


def _picture(path: Path, into: Path, found: str, *, as_picture: bool) -> Done:
    animation = None
    if as_picture and found in ("image/gif", "image/webp"):
        if path.stat().st_size > MOST_ANIMATED_BYTES:
            raise pictures.TooLargeError
        animation = animations.cleaned(path.read_bytes(), found)
    still = as_picture and animation is None
    with pictures.opened(path, found) as picture:
        width, height = picture.size
        # The frames of an animation go on as they are, without what told how to turn them: so nothing of it is turned.
        upright = animation is None
        made = pictures.bare(picture, PICTURE_PIXELS if still else _LARGE_PIXELS, upright=upright)
        if upright and pictures.is_turned(picture):
            width, height = height, width
    original = ""
    if animation is not None:
        original = pictures.write(into / ORIGINAL, animation)
    elif still:
        content, kind = _smallest(made, found)
        original, found = pictures.write(into / ORIGINAL, content), kind
        width, height = made.size
    return msgspec.structs.replace(
        _previews(made, into), media_type=found, width=width, height=height, original=original
    )


def _smallest(picture: Image.Image, found: str) -> tuple[bytes, str]:
    """Its bytes and their type: a WebP, or a PNG where that is smaller and it came without losses."""
    webp = pictures.as_webp(picture)
    if found in ("image/png", "image/gif"):
        png = pictures.as_png(picture)
        if len(png) <= len(webp):
            return png, "image/png"
    return webp, "image/webp"


def _previews(picture: Image.Image, into: Path) -> Done:
    large = pictures.shrunk(picture, _LARGE_PIXELS)
    small = pictures.shrunk(large, _SMALL_PIXELS)
    small_name = pictures.write(into / SMALL, pictures.as_webp(small, pictures.PREVIEW_QUALITY))
    large_name = small_name  # what is no longer than that is the same picture
    if small.size != large.size:
        large_name = pictures.write(into / LARGE, pictures.as_webp(large, pictures.PREVIEW_QUALITY))
    return Done(blur=pictures.blur(small), small=small_name, large=large_name)


def _played(job: Job, path: Path, into: Path, found: str) -> Done:
    """A video or a sound."""
    probed = video.probed(job.ffprobe, path, found) if job.ffprobe else video.Probed()
    is_video = found.startswith("video/") and bool(probed.width or not job.ffprobe)
    seen = Done()
    if is_video:
        seen = _poster(job, path, into, found, probed.duration)
    original = ""
    if is_video and job.as_picture:
        original = _without_metadata(job, path, into, found)
    return msgspec.structs.replace(
        seen,
        media_type=found,
        width=probed.width,
        height=probed.height,
        duration=round(probed.duration, 3),
        original=original,
        to_copy=bool(job.ffmpeg) and is_video and video.is_large(probed, path.stat().st_size),
    )


def _poster(job: Job, path: Path, into: Path, found: str, duration: float) -> Done:
    """Previews of a picture made of the video, else of the one that its sender gave; none if neither can be had."""
    if job.ffmpeg:
        with contextlib.suppress(*_FAILURES):
            return _previews_of(video.poster(job.ffmpeg, path, found, duration, into / POSTER), into)
        _cleared(into)
    if job.poster:
        with contextlib.suppress(*_FAILURES):
            return _previews_of(Path(job.poster), into)
        _cleared(into)
    return Done()


def _previews_of(path: Path, into: Path) -> Done:
    with path.open("rb") as file:
        found = media_type(file.read(FIRST_BYTES))
    with pictures.opened(path, found) as picture:
        made = _previews(pictures.bare(picture, _LARGE_PIXELS), into)
    if path.parent == into:
        path.unlink()
    return made


def _without_metadata(job: Job, path: Path, into: Path, found: str) -> str:
    """The name of a file with the same pictures and sounds alone; empty if none can be made."""
    to = into / ORIGINAL
    if job.ffmpeg:
        with contextlib.suppress(*_FAILURES):
            return video.without_metadata(job.ffmpeg, path, found, to)
        to.unlink(missing_ok=True)
    if found == "video/mp4":
        with contextlib.suppress(*_FAILURES):
            return boxes.cleaned(path, to)
        to.unlink(missing_ok=True)
    return ""

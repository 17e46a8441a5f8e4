"""Pictures: opened with care, turned upright, brought to sRGB, made smaller, and written without anything else in them.

Whatever cannot be done raises some exception: Pillow and its libraries know many. The caller takes them all.
"""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from PIL import Image, ImageCms

from chinwag.lasting import new_file
from chinwag.workbench.thumbhash import PIXELS, thumbhash

MOST_PIXELS: Final = 50_000_000
LONGEST_SIDE: Final = 65_535
FORMATS: Final = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/avif": "AVIF",
    "image/heic": "HEIF",
}
"""What each type is opened as: nothing is ever guessed."""
QUALITY: Final = 82
PREVIEW_QUALITY: Final = 78
STRIP_PIXELS: Final = 4_000_000
"""What of a large picture is in memory a second time."""
_ORIENTATION: Final = 0x0112
_TURNS: Final = {
    2: (Image.Transpose.FLIP_LEFT_RIGHT,),
    3: (Image.Transpose.ROTATE_180,),
    4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.TRANSPOSE,),
    6: (Image.Transpose.ROTATE_270,),
    7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_90,),
}
"""What makes a picture upright, by its EXIF orientation (Exif 2.32, 4.6.4)."""


class TooLargeError(Exception):
    """More than `MOST_PIXELS`, or none at all."""


@contextlib.contextmanager
def opened(path: Path, media_type: str) -> Iterator[Image.Image]:
    """The picture, of which nothing but the head is read."""
    if media_type == "image/heic":
        import pillow_heif  # an extra of its own

        pillow_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    with path.open("rb") as file, Image.open(file, formats=(FORMATS[media_type],)) as picture:
        width, height = picture.size
        if not 0 < width * height <= MOST_PIXELS or max(width, height) > LONGEST_SIDE:
            raise TooLargeError
        yield picture


def is_turned(picture: Image.Image) -> bool:
    """Whether a picture that was loaded is shown with its sides changed."""
    return _orientation(picture) >= 5


def bare(picture: Image.Image, longest: int, *, upright: bool = True) -> Image.Image:
    """The picture (its first frame) upright, in sRGB, of mode RGB or RGBA, at most `longest` pixels long, with nothing
    that came with it. upright: False leaves it as it lies, whatever its Exif says."""
    profile, fit = picture.info.get("icc_profile"), _fitted(picture.size, longest)
    picture.draft(picture.mode, fit)  # a JPEG is decoded at an eighth, a quarter or half of its size
    picture.load()
    turns = _TURNS.get(_orientation(picture), ()) if upright else ()
    small = _reduced(picture, fit)
    if small.size != fit and max(small.size) > longest:
        small = small.resize(fit, Image.Resampling.LANCZOS)
    small = _in_srgb(small, profile)
    for turn in turns:
        small = small.transpose(turn)
    if small.mode == "RGBA" and small.getchannel("A").getextrema() == (255, 255):
        small = small.convert("RGB")
    made = Image.new(small.mode, small.size)
    made.paste(small)
    return made


def shrunk(picture: Image.Image, longest: int) -> Image.Image:
    """The same at most `longest` pixels long; never larger than it is."""
    fit = _fitted(picture.size, longest)
    return picture if fit == picture.size else picture.resize(fit, Image.Resampling.LANCZOS)


def square(picture: Image.Image, side: int) -> Image.Image:
    """Its middle, at most `side` pixels wide."""
    least = min(picture.size)
    left, top = (picture.width - least) // 2, (picture.height - least) // 2
    return shrunk(picture.crop((left, top, left + least, top + least)), side)


def blur(picture: Image.Image) -> bytes:
    """Its thumbhash."""
    tiny = shrunk(picture, PIXELS).convert("RGBA")
    return thumbhash(*tiny.size, tiny.tobytes())


def as_webp(picture: Image.Image, quality: int = QUALITY) -> bytes:
    """A WebP of it."""
    return _encoded(picture, "WEBP", quality=quality, method=4)


def as_png(picture: Image.Image) -> bytes:
    """A PNG of it: nothing is lost."""
    return _encoded(picture, "PNG", optimize=False, compress_level=9)


def write(path: Path, content: bytes) -> str:
    """Write a file that is not there yet; its name."""
    with new_file(path) as file:
        file.write(content)
    return path.name


def _encoded(picture: Image.Image, kind: str, **words: object) -> bytes:
    made = io.BytesIO()
    picture.save(made, kind, **words)
    return made.getvalue()


def _fitted(size: tuple[int, int], longest: int) -> tuple[int, int]:
    width, height = size
    if max(size) <= longest:
        return size
    scale = longest / max(size)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _orientation(picture: Image.Image) -> int:
    """Of a picture that was loaded: to look before would load it, and hide that it cannot be."""
    try:
        found = picture.getexif().get(_ORIENTATION, 1)
    except Exception:
        return 1  # what is broken there turns nothing
    return found if found in _TURNS else 1


def _reduced(picture: Image.Image, fit: tuple[int, int]) -> Image.Image:
    """Of mode L, RGB, RGBA or CMYK, and made smaller by a whole number where `fit` is less than half, strip by strip:
    a large picture is never in memory twice."""
    factor = max(1, min(picture.width // max(1, fit[0]), picture.height // max(1, fit[1])))
    if factor == 1 and picture.width * picture.height <= STRIP_PIXELS:
        return _plain(picture)
    rows = max(1, STRIP_PIXELS // picture.width // factor) * factor
    made: Image.Image | None = None
    for top in range(0, picture.height, rows):
        strip = _plain(picture.crop((0, top, picture.width, min(top + rows, picture.height))))
        strip = strip.reduce(factor) if factor > 1 else strip
        if made is None:
            made = Image.new(strip.mode, (strip.width, -(-picture.height // factor)))
        made.paste(strip, (0, top // factor))
    assert made is not None
    return made


def _plain(picture: Image.Image) -> Image.Image:
    if picture.mode in ("RGB", "RGBA", "CMYK") and "transparency" not in picture.info:
        return picture
    if picture.mode.startswith("I") or picture.mode == "F":
        # 16 bits of grey; Pillow would cut what does not fit instead of scaling it
        return picture.convert("I").point(lambda value: value / 256).convert("L")
    seen_through = picture.mode in ("LA", "PA", "La", "RGBa", "RGBA") or "transparency" in picture.info
    if picture.mode == "L" and not seen_through:
        return picture
    return picture.convert("RGBA" if seen_through else "RGB")


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    if profile and picture.mode in ("L", "RGB", "RGBA", "CMYK"):
        opacity = picture.getchannel("A") if picture.mode == "RGBA" else None
        colours = picture.convert("RGB") if opacity else picture
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):  # a broken profile says nothing
            made = ImageCms.profileToProfile(
                colours,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
            assert made is not None
            if opacity:
                made.putalpha(opacity)
            return made
    return picture if picture.mode == "RGBA" else picture.convert("RGB")

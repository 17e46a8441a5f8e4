"""Nothing of where and by whom a picture was taken is in what is kept of it."""

import functools
import io
import struct
from pathlib import Path

import pytest
from PIL import Image
from tests.workshop.conftest import Look
from tests.workshop.faults import plant
from tests.workshop.making import CANARY, POSITION, animation, box, encoded, exif, photo, video, wide_profile

from chinwag.adapters.workshop import ProcessWorkshop
from chinwag.ports.workshop import FILE_TYPE, Found

XMP = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{CANARY}</x:xmpmeta>".encode()

MARKS = (CANARY.encode(), CANARY.encode("utf-16-le"), *POSITION, b"Exif", b"adobe:ns")


def stored(found: Found) -> bytes:
    """Every byte that would be kept."""
    return b"".join(path.read_bytes() for path in (found.original, *found.previews.values()))


def tells(content: bytes) -> bool:
    """Whether something of what must go is there: words, the position's numbers, or their names."""
    return any(
        mark in content for mark in (CANARY.encode(), CANARY.encode("utf-16-le"), *POSITION, b"Exif", b"adobe:ns")
    )


def pictures() -> dict[str, bytes]:
    import pillow_heif

    pillow_heif.register_heif_opener()
    picture, told = photo(640, 480), exif()
    return {
        "jpeg": encoded(picture, "JPEG", exif=told, xmp=XMP, comment=CANARY.encode(), icc_profile=wide_profile()),
        "png": encoded(picture, "PNG", exif=told),
        "webp": encoded(picture, "WEBP", exif=told, xmp=XMP),
        "avif": encoded(picture, "AVIF", exif=told, xmp=XMP),
        "heic": encoded(picture, "HEIF", exif=told.tobytes(), xmp=XMP),
    }


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif", "heic"])
async def test_a_picture_tells_nothing_of_its_sender(look: Look, kind: str) -> None:
    content = pictures()[kind]
    assert tells(content)
    found = await look(content)
    assert found.remade
    assert found.media_type in ("image/webp", "image/png")
    assert not tells(stored(found))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("broken", [False, True])
async def test_a_photo_that_cannot_be_made_anew_tells_nothing_either(
    look: Look, broken: bool, progressive: bool
) -> None:
    picture = photo(640, 480) if broken else Image.new("L", (8_000, 7_000), 90)
    whole = encoded(
        picture,
        "JPEG",
        exif=exif(),
        xmp=XMP,
        comment=CANARY.encode(),
        progressive=progressive,
        icc_profile=wide_profile(),
    )
    found = await look(whole[:-3_000] if broken else whole + CANARY.encode())
    assert (found.media_type, found.previews) == (FILE_TYPE, {})
    assert found.remade
    assert not tells(stored(found))
    if not broken:
        with Image.open(found.original, formats=("JPEG",)) as kept:
            kept.draft("L", (1_000, 1_000))
            assert kept.getpixel((5, 5)) in range(85, 95), "the picture itself is there"


@functools.cache
def every_kind() -> dict[str, bytes]:
    """A picture of every kind that is known, each with all that may be written beside it."""
    from PIL import PngImagePlugin

    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", CANARY)
    words.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=False)
    comment = CANARY.encode()
    told = pictures()
    return {
        **told,
        "heic": told["heic"] + box(b"uuid", bytes(16) + comment) + box(b"free", comment),
        "avif": told["avif"] + box(b"mdat", comment),
        "png": encoded(photo(640, 480), "PNG", exif=exif(), pnginfo=words) + comment,
        "png that moves": animation("PNG", 5, exif=exif(), pnginfo=words),
        "gif": encoded(photo(64, 48).convert("P"), "GIF", comment=comment) + comment,
        "gif that moves": animation("GIF", 5, comment=comment),
        "webp that moves": animation("WEBP", 5, exif=exif(), xmp=XMP),
        "avif that moves": animation("AVIF", 3, 64, exif=exif(), xmp=XMP),
    }


KINDS = ("jpeg", "png", "webp", "avif", "heic", "png that moves", "gif", "gif that moves", "webp that moves")
CANNOT = {
    "too many pixels": "from chinwag.workbench import pictures\npictures.MOST_PIXELS = 100",
    "no library": "import sys\nsys.modules['pillow_heif'] = None\nfrom chinwag.workbench import pictures\n"
    "pictures.FORMATS['image/avif'] = 'HEIF'",
    "dies over it": "import os\nfrom chinwag.workbench import looking\nlooking._picture = lambda *a, **b: os._exit(1)",
}
"""Why a picture cannot be made anew, planted into the process."""


@pytest.mark.parametrize("kind", [*KINDS, "avif that moves"])
async def test_a_picture_that_is_made_anew_tells_nothing_whatever_its_kind(look: Look, kind: str) -> None:
    content = every_kind()[kind]
    assert tells(content)
    found = await look(content)
    assert found.remade
    assert found.previews
    assert not tells(stored(found))


@pytest.mark.parametrize("why", CANNOT)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_picture_that_cannot_be_made_anew_tells_nothing_whatever_its_kind(
    look: Look, kind: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if why == "no library" and kind not in ("avif", "heic"):
        return
    plant(CANNOT[why], monkeypatch)
    content = every_kind()[kind]
    assert tells(content)
    found = await look(content)
    assert (found.media_type, found.previews) == (FILE_TYPE, {})
    assert found.remade
    assert not tells(stored(found))
    given, kept = opened_again(content), opened_again(found.original.read_bytes())
    assert kept.size == given.size
    assert kept.convert("RGB").tobytes() == given.convert("RGB").tobytes(), "the picture itself is there"
    assert getattr(kept, "n_frames", 1) == getattr(given, "n_frames", 1)


def opened_again(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


async def test_what_cannot_be_told_apart_from_a_picture_says_that_it_is_as_it_came(look: Look) -> None:
    """Whoever sent it is told: the server cannot take out what it cannot read."""
    content = encoded(photo(64, 48), "TIFF", exif=exif())
    assert tells(content)
    found = await look(content)
    assert not found.remade
    assert found.original.read_bytes() == content


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif", "heic"])
async def test_a_file_is_kept_as_it_is_and_its_previews_tell_nothing(look: Look, kind: str) -> None:
    content = pictures()[kind]
    found = await look(content, as_picture=False)
    assert found.original.read_bytes() == content
    assert found.previews
    assert not any(tells(path.read_bytes()) for path in found.previews.values())


async def test_a_small_drawing_that_stays_a_png_tells_nothing(look: Look) -> None:
    from PIL import Image, PngImagePlugin

    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", CANARY)
    words.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=False)
    chequered = Image.frombytes("1", (512, 512), (b"\xaa" * 64 + b"\x55" * 64) * 256)
    content = encoded(chequered, "PNG", pnginfo=words, exif=exif()) + CANARY.encode()
    assert tells(content)
    found = await look(content)
    assert found.media_type == "image/png"
    assert not tells(stored(found))


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
async def test_an_animation_tells_nothing(look: Look, kind: str) -> None:
    if kind == "GIF":
        content = animation("GIF", 5, comment=CANARY.encode())
        # what programs of one maker add, and what stands after the end
        xmp = b"\x21\xff\x0bXMP DataXMP" + bytes([len(CANARY)]) + CANARY.encode() + b"\0"
        content = content[:-1] + xmp + b";" + CANARY.encode()
    else:
        content = animation("WEBP", 5, exif=exif(), xmp=XMP)
    assert tells(content)
    found = await look(content)
    assert found.remade
    assert not tells(stored(found))
    assert tells((await look(content, as_picture=False)).original.read_bytes())


def told_video(folder: Path, name: str) -> bytes:
    told = ["-metadata", f"title={CANARY}", "-metadata", f"location={CANARY}", "-metadata:s:v:0", f"title={CANARY}"]
    if name.endswith("webm"):
        return video(folder, name, *told, "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus")
    content = video(folder, name, *told, "-movflags", "+use_metadata_tags", "-c:v", "libx264", "-c:a", "aac")
    place = CANARY.encode()
    return content + box(b"uuid", bytes(16) + place) + box(b"free", b"")


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
async def test_a_video_tells_nothing(look: Look, tmp_path: Path, name: str) -> None:
    content = told_video(tmp_path, name)
    assert tells(content)
    found = await look(content)
    assert found.remade
    assert found.previews
    assert not tells(stored(found))
    assert (await look(content, as_picture=False)).original.read_bytes() == content


async def test_an_mp4_tells_nothing_also_without_ffmpeg(
    look: Look, without_ffmpeg: ProcessWorkshop, tmp_path: Path
) -> None:
    content = told_video(tmp_path, "a.mp4")
    found = await look(content, by=without_ffmpeg)
    assert found.remade
    assert found.size == len(content)
    assert not tells(stored(found))
    again = await look(found.original.read_bytes())  # by ffmpeg: it is as whole as before
    assert (again.width, again.height, bool(again.previews)) == (320, 240, True)
    assert again.duration == pytest.approx(2, abs=0.2)


async def test_a_smaller_copy_tells_nothing(workshop: ProcessWorkshop, tmp_path: Path) -> None:
    path, into = tmp_path / "given", tmp_path / "into"
    path.write_bytes(told_video(tmp_path, "a.mp4"))
    into.mkdir()
    path.write_bytes(path.read_bytes() + box(b"mdat", bytes(3_000_000)))  # so that it is smaller for certain
    made = await workshop.smaller_copy(path, into, 2.0)
    assert made is not None
    assert not tells(made.read_bytes())


def test_the_position_is_in_what_a_phone_writes() -> None:
    """Else nothing above would be looked for."""
    content = encoded(photo(64, 64), "JPEG", exif=exif())
    assert any(mark in content for mark in POSITION)
    assert struct.unpack("<I", POSITION[0]) == struct.unpack(">I", POSITION[1])

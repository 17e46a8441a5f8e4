"""What is made of pictures: size, turn, colours, animations, avatars."""

import base64
import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat
from tests.workshop.conftest import Look
from tests.workshop.making import animation, encoded, exif, opened, photo, wide_profile

from chinwag.adapters.workshop import ProcessWorkshop
from chinwag.ports.workshop import AVATAR_PIXELS, FILE_TYPE

UNDONE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""What undoes the turn that a viewer makes for each orientation."""


def difference(one: Image.Image, other: Image.Image) -> float:
    """How much they differ a pixel and colour, from 0 to 255."""
    assert one.size == other.size
    return max(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((4000, 3000), (2560, 1920)),
        ((3000, 4000), (1920, 2560)),
        ((2560, 10), (2560, 10)),
        ((1, 1), (1, 1)),
        ((9000, 20), (2560, 6)),
    ],
)
async def test_a_picture_is_made_no_longer_than_it_may_be(
    look: Look, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    found = await look(encoded(photo(*size), "JPEG"))
    assert (found.width, found.height) == opened(found.original).size == expected
    assert found.media_type == "image/webp"
    for pixels, path in found.previews.items():
        preview = opened(path)
        assert preview.format == "WEBP"
        assert max(preview.size) == min(pixels, max(size))
    assert 5 <= len(found.blur) <= 25


async def test_a_picture_looks_as_it_did(look: Look) -> None:
    given = photo(1500, 1000)
    found = await look(encoded(given, "JPEG", quality=95))
    assert difference(opened(found.original), given) < 6
    assert difference(opened(found.previews[320]), given.resize((320, 213))) < 6


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "I;16"])
async def test_every_kind_of_png_is_a_picture(look: Look, mode: str) -> None:
    if mode == "I;16":
        grey = photo(90, 60, "L")
        given = Image.frombytes("I;16", grey.size, b"".join(bytes([value, value]) for value in grey.tobytes()))
        expected = grey.convert("RGB")
    elif mode == "PA":
        given = photo(90, 60).quantize(60)
        given.info["transparency"] = 3
        expected = given.convert("RGBA")
    else:
        given = photo(90, 60, mode)
        expected = given.convert("RGBA" if "A" in mode else "RGB")
    found = await look(encoded(given, "PNG"))
    made = opened(found.original)
    assert made.mode == expected.mode
    assert difference(made, expected) < 24  # of single pixels in two colours little is left


async def test_a_picture_of_four_inks_is_shown(look: Look) -> None:
    found = await look(encoded(photo(90, 60).convert("CMYK"), "JPEG"))
    assert difference(opened(found.original), photo(90, 60)) < 12


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
async def test_a_picture_is_turned_upright(look: Look, kind: str, orientation: int) -> None:
    upright = photo(80, 40)
    assert min(difference(upright, upright.transpose(Image.Transpose(turn))) for turn in (0, 1, 3)) > 30
    given = upright if orientation == 1 else upright.transpose(UNDONE[orientation])
    found = await look(encoded(given, kind, exif=exif(orientation), quality=95))
    assert (found.width, found.height) == (80, 40)
    assert difference(opened(found.original), upright) < 15
    file = await look(encoded(given, kind, exif=exif(orientation), quality=95), as_picture=False)
    assert (file.width, file.height) == (80, 40)
    assert difference(opened(file.previews[320]), upright) < 15


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_colours_of_a_wide_profile_are_brought_to_srgb(look: Look, kind: str) -> None:
    given = Image.new("RGB", (64, 64), (200, 60, 60))
    found = await look(encoded(given, kind, icc_profile=wide_profile(), quality=95))
    made = opened(found.original)
    assert "icc_profile" not in made.info
    red, green, blue = made.convert("RGB").getpixel((32, 32))  # type: ignore[misc]
    assert red > 212  # as wide a red needs more of the narrow one
    assert green < 56
    assert blue < 62
    plain = opened((await look(encoded(given, kind, quality=95))).original).convert("RGB").getpixel((32, 32))
    assert abs(plain[0] - 200) < 4  # type: ignore[index]


async def test_a_broken_profile_changes_nothing(look: Look) -> None:
    found = await look(encoded(Image.new("RGB", (64, 64), (200, 60, 60)), "PNG", icc_profile=b"no profile" * 20))
    assert abs(opened(found.original).convert("RGB").getpixel((9, 9))[0] - 200) < 4  # type: ignore[index]


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
@pytest.mark.parametrize(("frames", "kept"), [(2, 2), (500, 500), (503, 500)])
async def test_an_animation_is_kept_to_so_many_frames(look: Look, kind: str, frames: int, kept: int) -> None:
    content = animation(kind, frames)
    found = await look(content)
    assert found.media_type == f"image/{kind.lower()}"
    made, given = Image.open(found.original), Image.open(Path(found.original.parent.parent / "given"))
    assert (made.n_frames, given.n_frames) == (kept, frames)  # type: ignore[attr-defined]
    for number in (0, 1, kept // 2, kept - 1):
        made.seek(number)
        given.seek(number)
        assert made.convert("RGBA").tobytes() == given.convert("RGBA").tobytes()
        assert made.info["duration"] == given.info["duration"]
    assert made.info.get("loop") == given.info.get("loop")
    assert (found.width, found.height) == (24, 24)
    assert opened(found.previews[320]).size == (24, 24)


async def test_an_animation_is_as_wide_as_its_frames_however_it_says_to_turn_them(look: Look) -> None:
    frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "green")]
    content = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=40, exif=exif(orientation=6))
    assert Image.open(io.BytesIO(content)).getexif()[0x0112] == 6
    found = await look(content)
    assert opened(found.original).size == (60, 40)
    assert (found.width, found.height) == (60, 40)
    assert opened(found.previews[320]).size == (60, 40)


async def test_a_gif_of_one_frame_is_a_picture(look: Look) -> None:
    found = await look(encoded(photo(50, 40), "GIF"))
    assert found.media_type in ("image/png", "image/webp")
    assert opened(found.original).size == (50, 40)


@pytest.mark.parametrize(
    ("size", "side"), [((900, 600), AVATAR_PIXELS), ((600, 900), AVATAR_PIXELS), ((40, 30), 30), ((6000, 600), 512)]
)
async def test_an_avatar_is_the_middle_of_a_picture(
    workshop: ProcessWorkshop, tmp_path: Path, size: tuple[int, int], side: int
) -> None:
    given = Image.new("RGB", size, "blue")
    least = min(size)
    left, top = (size[0] - least) // 2, (size[1] - least) // 2
    given.paste("green", (left, top, left + least, top + least))
    (tmp_path / "given").write_bytes(encoded(given, "PNG", exif=exif()))
    (tmp_path / "into").mkdir()
    made = await workshop.avatar(tmp_path / "given", tmp_path / "into")
    assert made is not None
    picture = opened(made)
    assert picture.format == "WEBP"
    assert picture.size[0] == picture.size[1]
    assert picture.size[0] <= side
    assert picture.size[0] >= side - 1 or size == (6000, 600)
    assert not picture.getexif()
    assert difference(picture, Image.new("RGB", picture.size, "green")) < 12


@pytest.mark.parametrize("content", [b"", b"words", b"\xff\xd8\xff\xe0broken"])
async def test_what_is_no_picture_is_no_avatar(workshop: ProcessWorkshop, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "given").write_bytes(content)
    (tmp_path / "into").mkdir()
    assert await workshop.avatar(tmp_path / "given", tmp_path / "into") is None
    assert list((tmp_path / "into").iterdir()) == []


async def test_fifty_megapixels_are_a_picture_and_one_more_row_is_a_file(look: Look) -> None:
    for mode, kind in (("RGBA", "PNG"), ("L", "JPEG")):
        found = await look(encoded(Image.new(mode, (10_000, 5_000), 90), kind))
        assert (found.width, found.height) == (2560, 1280), mode
    found = await look(encoded(Image.new("L", (10_000, 5_001), 90), "PNG"))
    assert (found.media_type, found.width, found.previews, found.remade) == (FILE_TYPE, None, {}, True), (
        "what was written beside it is gone"
    )


async def test_the_blur_is_of_the_picture(look: Look) -> None:
    red, blue = [(await look(encoded(Image.new("RGB", (300, 200), name), "JPEG"))).blur for name in ("red", "blue")]
    assert red != blue
    assert len(base64.b64encode(red)) <= 36

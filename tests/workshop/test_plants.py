"""Faults planted in the workbench one at a time: the test that is there against each must fail with it."""

from collections.abc import Awaitable, Callable
from typing import Final

import pytest
from tests.workshop import test_hostile as hostile
from tests.workshop import test_pictures as pictures
from tests.workshop import test_privacy as privacy
from tests.workshop.conftest import Look
from tests.workshop.faults import plant

from chinwag.adapters.workshop import ProcessWorkshop

EXIF_KEPT: Final = """
from chinwag.workbench import pictures
bare, encoded, kept = pictures.bare, pictures._encoded, []
def noting(picture, longest):
    kept[:] = [picture.getexif()]
    return bare(picture, longest)
pictures.bare = noting
pictures._encoded = lambda picture, kind, **words: encoded(picture, kind, exif=kept[0], **words)
"""
COMMENTS_KEPT: Final = """
from chinwag.workbench import animations
animations.cleaned = lambda content, media_type: content
"""
VIDEO_AS_IT_CAME: Final = """
from chinwag.workbench import looking
looking._without_metadata = lambda *words: ""
"""
CUT_OFF_IS_SHOWN: Final = """
from PIL import ImageFile
ImageFile.LOAD_TRUNCATED_IMAGES = True
"""
NEVER_TURNED: Final = """
from chinwag.workbench import pictures
pictures._orientation = lambda picture: 1
"""
PROFILE_FORGOTTEN: Final = """
from chinwag.workbench import pictures
pictures._in_srgb = lambda picture, profile: picture.convert("RGB")
"""

ATTACKS: Final[dict[str, tuple[str, Callable[..., Awaitable[None]], tuple[object, ...]]]] = {
    "exif kept": (EXIF_KEPT, privacy.test_a_picture_tells_nothing_of_its_sender, ("jpeg",)),
    "exif kept in previews": (
        EXIF_KEPT,
        privacy.test_a_file_is_kept_as_it_is_and_its_previews_tell_nothing,
        ("webp",),
    ),
    "comments kept": (COMMENTS_KEPT, privacy.test_an_animation_tells_nothing, ("GIF",)),
    "cut off is shown": (CUT_OFF_IS_SHOWN, hostile.test_it_is_a_file, ("truncated jpeg", True)),
    "never turned": (NEVER_TURNED, pictures.test_a_picture_is_turned_upright, ("JPEG", 6)),
    "profile forgotten": (
        PROFILE_FORGOTTEN,
        pictures.test_colours_of_a_wide_profile_are_brought_to_srgb,
        ("PNG",),
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_the_test_against_it_fails(
    name: str, look: Look, workshop: ProcessWorkshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault, attack, words = ATTACKS[name]
    plant(fault, monkeypatch)
    with pytest.raises(AssertionError):
        await attack(look, *words)
    assert workshop.pool.died == 0  # it fails for what was planted


async def test_a_video_as_it_came_fails(look: Look, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(VIDEO_AS_IT_CAME, monkeypatch)
    with pytest.raises(AssertionError):
        await privacy.test_a_video_tells_nothing(look, tmp_path, "a.mp4")  # type: ignore[arg-type]


async def test_without_a_fault_it_holds(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a fault that breaks the process would pass for one that is seen."""
    plant("", monkeypatch)
    await privacy.test_a_picture_tells_nothing_of_its_sender(look, "jpeg")

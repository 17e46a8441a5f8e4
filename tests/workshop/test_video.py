"""What is made of videos and sounds, with ffmpeg and without."""

from pathlib import Path

import pytest
from tests.workshop.conftest import Look
from tests.workshop.making import encoded, ffmpeg, opened, photo, video

from chinwag.adapters.workshop import ProcessWorkshop
from chinwag.ports.workshop import FILE_TYPE

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "ultrafast")
VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus")
KINDS = {"a.mp4": ("video/mp4", H264), "a.webm": ("video/webm", VP8), "a.mov": ("video/mp4", H264)}


@pytest.mark.parametrize("as_picture", [True, False])
@pytest.mark.parametrize("name", KINDS)
async def test_a_video_has_a_size_a_duration_and_a_poster(
    look: Look, tmp_path: Path, name: str, as_picture: bool
) -> None:
    media_type, words = KINDS[name]
    content = video(tmp_path, name, *words, seconds=3)
    found = await look(content, as_picture=as_picture)
    assert found.media_type == media_type
    assert (found.width, found.height) == (320, 240)
    assert found.duration == pytest.approx(3, abs=0.3)
    assert opened(found.previews[1280]).size == (320, 240)
    assert found.blur
    assert not found.to_copy
    assert found.remade == as_picture


async def test_a_video_that_was_taken_upright_is_shown_so(look: Look, tmp_path: Path) -> None:
    (tmp_path / "plain.mp4").write_bytes(video(tmp_path, "a.mp4", *H264))
    turned = tmp_path / "turned.mp4"
    ffmpeg("-i", tmp_path / "plain.mp4", "-c", "copy", "-metadata:s:v:0", "rotate=90", turned)
    found = await look(turned.read_bytes())
    assert (found.width, found.height) == (240, 320)
    assert opened(found.previews[320]).size == (240, 320)


@pytest.mark.parametrize(
    ("name", "media_type", "words"),
    [
        ("a.mp3", "audio/mpeg", ("-vn", "-c:a", "libmp3lame")),
        ("b.mp3", "audio/mpeg", ("-vn", "-c:a", "libmp3lame", "-id3v2_version", "0", "-write_xing", "0")),
        ("a.ogg", "audio/ogg", ("-vn", "-c:a", "libopus")),
        ("a.wav", "audio/wav", ("-vn",)),
        ("a.weba", "video/webm", ("-vn", "-c:a", "libopus", "-f", "webm")),
        ("a.m4a", "video/mp4", ("-vn", "-c:a", "aac", "-f", "mp4")),
    ],
)
async def test_a_sound_has_a_duration_and_no_picture(
    look: Look, tmp_path: Path, name: str, media_type: str, words: tuple[str, ...]
) -> None:
    content = video(tmp_path, name, *words, seconds=2)
    found = await look(content)
    assert found.media_type == media_type
    assert found.duration == pytest.approx(2, abs=0.3)
    assert (found.width, found.height, found.previews, found.blur) == (None, None, {}, b"")
    assert found.original.read_bytes() == content


async def test_without_ffmpeg_a_video_is_kept_with_its_senders_poster(
    look: Look, without_ffmpeg: ProcessWorkshop, tmp_path: Path
) -> None:
    content = video(tmp_path, "a.mp4", *H264)
    poster = encoded(photo(640, 360), "JPEG")
    found = await look(content, as_picture=False, poster=poster, by=without_ffmpeg)
    assert (found.media_type, found.duration, found.to_copy) == ("video/mp4", None, False)
    assert found.original.read_bytes() == content
    assert opened(found.previews[320]).size == (320, 180)
    assert found.blur
    bad = await look(content, as_picture=False, poster=b"no picture", by=without_ffmpeg)
    assert (bad.media_type, bad.previews) == ("video/mp4", {})
    (tmp_path / "given").write_bytes(content)
    (tmp_path / "into").mkdir()
    assert await without_ffmpeg.smaller_copy(tmp_path / "given", tmp_path / "into", 2.0) is None


async def test_the_senders_poster_is_used_only_if_none_can_be_made(look: Look, tmp_path: Path) -> None:
    found = await look(video(tmp_path, "a.mp4", *H264), poster=encoded(photo(640, 360), "JPEG"))
    assert opened(found.previews[320]).size == (320, 240)


@pytest.mark.parametrize(("size", "expected"), [("1920x1080", (1280, 720)), ("1080x1920", (720, 1280))])
async def test_a_large_video_gets_a_smaller_copy(
    look: Look, workshop: ProcessWorkshop, tmp_path: Path, size: str, expected: tuple[int, int]
) -> None:
    content = video(
        tmp_path, "a.mp4", *H264, "-b:v", "6M", "-minrate", "6M", "-maxrate", "6M", "-bufsize", "1M", size=size
    )
    found = await look(content)
    assert found.to_copy
    into = tmp_path / "copied"
    into.mkdir()
    made = await workshop.smaller_copy(found.original, into, found.duration)
    assert made is not None
    assert made.stat().st_size < found.size
    head = made.read_bytes()
    assert head.index(b"moov") < head.index(b"mdat")
    again = await look(head)
    assert (again.width, again.height) == expected
    assert again.duration == pytest.approx(2, abs=0.3)
    assert not again.to_copy


async def test_a_copy_that_is_no_smaller_is_none(workshop: ProcessWorkshop, tmp_path: Path) -> None:
    (tmp_path / "given").write_bytes(
        video(tmp_path, "a.mp4", "-c:v", "libx264", "-crf", "50", "-preset", "slow", "-c:a", "aac", "-b:a", "16k")
    )
    (tmp_path / "into").mkdir()
    assert await workshop.smaller_copy(tmp_path / "given", tmp_path / "into", 2.0) is None


async def test_a_video_that_is_cut_off_is_a_file_or_plays(look: Look, tmp_path: Path) -> None:
    content = video(tmp_path, "a.mp4", *H264)  # its index comes last
    found = await look(content[: len(content) // 2])
    assert (found.media_type, found.previews, found.remade) == (FILE_TYPE, {}, False)


async def test_a_sound_with_a_cover_is_a_sound(look: Look, tmp_path: Path) -> None:
    (tmp_path / "cover.png").write_bytes(encoded(photo(64, 64), "PNG"))
    sound, made = tmp_path / "a.mp3", tmp_path / "b.mp3"
    sound.write_bytes(video(tmp_path, "x.mp3", "-vn", "-c:a", "libmp3lame"))
    ffmpeg("-i", sound, "-i", tmp_path / "cover.png", "-map", "0", "-map", "1", "-c", "copy", made)
    found = await look(made.read_bytes())
    assert (found.media_type, found.width, found.previews) == ("audio/mpeg", None, {})


async def test_a_video_with_a_cover_before_it_is_the_video(look: Look, tmp_path: Path) -> None:
    (tmp_path / "cover.png").write_bytes(encoded(photo(64, 64), "PNG"))
    plain, covered = tmp_path / "a.mp4", tmp_path / "b.mp4"
    plain.write_bytes(video(tmp_path, "x.mp4", *H264))
    ffmpeg(
        *("-i", plain, "-i", tmp_path / "cover.png", "-map", "0", "-map", "1", "-c", "copy"),
        *("-disposition:v:1", "attached_pic", covered),
    )
    content = covered.read_bytes()
    # the box with the cover may as well come first: nothing else moves by that
    start, tracks, cover = content.index(b"moov") + 4, content.index(b"trak") - 4, content.index(b"udta") - 4
    end = start - 8 + int.from_bytes(content[start - 8 : start - 4])
    content = content[:start] + content[cover:end] + content[start:tracks] + content[tracks:cover] + content[end:]
    found = await look(content)
    assert (found.width, found.height, found.remade) == (320, 240, True)
    assert opened(found.previews[320]).size == (320, 240)
    assert b"covr" not in found.original.read_bytes()
    assert b"avc1" in found.original.read_bytes()

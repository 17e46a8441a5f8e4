"""Files that are made to break whoever opens them: each is a file in the end, and the workshop goes on."""

import io
import random
import resource
import socket
import struct
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from tests.workshop.conftest import Look
from tests.workshop.making import animation, box, encoded, exif, photo, png_bomb, png_chunk, video

from chinwag.adapters.workshop import ProcessWorkshop
from chinwag.ports.workshop import FILE_TYPE, SHOWN_TYPES, Found

PNG = b"\x89PNG\r\n\x1a\n"


def is_file(found: Found, *, remade: bool = False) -> bool:
    """Nothing but bytes to be kept: as they came, or without what was written beside a picture."""
    return (found.media_type, found.width, found.duration, found.previews, found.blur, found.remade) == (
        *(FILE_TYPE, None, None, {}, b"", remade),
    )


def zip_bomb() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(10):
            archive.writestr(f"{number}", bytes(10_000_000))
    return made.getvalue()


def zip_behind(picture: bytes) -> bytes:
    return picture + zip_bomb()


def long_chunk(kind: bytes) -> bytes:
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 100, 100, 8, 2, 0, 0, 0))
    return PNG + head + struct.pack(">I", 0xFFFFFFFF) + kind + bytes(1_000)


def endless_gif() -> bytes:
    """Frames without an end, as long as the file lasts; the last one is cut."""
    content = animation("GIF", 2)
    frame = content[content.index(b"\x21\xf9") : -1]
    return content[:-1] + frame * 2_000 + frame[: len(frame) // 2]


def blown_up_gif() -> bytes:
    content = bytearray(animation("GIF", 2))
    content[6:10] = b"\xff\xff\xff\xff"
    return bytes(content)


FILES = {
    "nothing": b"",
    "one byte": b"\xff",
    "words": b"just some words",
    "truncated jpeg": encoded(photo(800, 600), "JPEG", exif=exif())[:20_000],
    "jpeg without pixels": b"\xff\xd8\xff\xe0" + bytes(100),
    "png with pixels of 4 GB": long_chunk(b"IDAT"),
    "truncated png": encoded(photo(800, 600), "PNG")[:-3_000],
    "truncated webp": encoded(photo(800, 600), "WEBP")[:9_000],
    "truncated avif": encoded(photo(800, 600), "AVIF")[:3_000],
    "png with a comment of 4 GB": long_chunk(b"tEXt"),
    "png with a profile of 4 GB": long_chunk(b"iCCP"),
    "png bomb of 30,000 pixels each way": png_bomb(30_000),
    "zip bomb": zip_bomb(),
    "html": b"<!doctype html><script>alert(1)</script>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "pdf": b"%PDF-1.7 \n",
    "gif of 65,535 pixels each way": blown_up_gif(),
    "gif that is html": b"GIF89a/*<script>*/=1;alert(1)//" + b"x" * 100,
    "webp without chunks": b"RIFF\x04\0\0\0WEBP",
    "webp whose chunk is longer": b"RIFF\xff\xff\xff\xffWEBPVP8X\xff\xff\xff\x7f" + bytes(40),
    "avif of nothing": box(b"ftyp", b"avif\0\0\0\0mif1avif") + box(b"meta", bytes(4)),
    "heic of nothing": box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"meta", bytes(4)),
    "mp4 of nothing": box(b"ftyp", b"isom\0\0\0\0isommp42"),
    "mp4 whose box is longer": box(b"ftyp", b"isom\0\0\0\0isommp42") + b"\xff\xff\xff\xffmoov",
    "webm of nothing": b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm" + bytes(100),
}


BARED = {
    "truncated jpeg",
    "truncated png",
    "truncated webp",
    "png with pixels of 4 GB",
    "png bomb of 30,000 pixels each way",
    "gif of 65,535 pixels each way",
    "mp4 of nothing",
}
"""Of these all is left out that was written beside the picture."""


@pytest.mark.parametrize("as_picture", [True, False])
@pytest.mark.parametrize("name", FILES)
async def test_it_is_a_file(look: Look, name: str, as_picture: bool) -> None:
    found = await look(FILES[name], as_picture=as_picture)
    assert is_file(found, remade=as_picture and name in BARED)


async def test_all_of_them_one_after_another_break_nothing(look: Look) -> None:
    for content in FILES.values():
        await look(content)
    assert (await look(encoded(photo(100, 50), "JPEG"))).width == 100


async def test_a_jpeg_that_is_a_zip_as_well_is_a_picture_and_no_zip(look: Look) -> None:
    content = zip_behind(encoded(photo(200, 100), "JPEG"))
    assert zipfile.is_zipfile(io.BytesIO(content))
    found = await look(content)
    assert found.remade
    assert not zipfile.is_zipfile(found.original)
    assert found.size < 100_000
    kept = await look(content, as_picture=False)
    assert kept.media_type == "image/jpeg"
    assert kept.original.read_bytes() == content


async def test_an_endless_gif_is_a_file_or_ends(look: Look) -> None:
    content = endless_gif()
    found = await look(content)
    assert Image.open(found.original).n_frames == 500  # type: ignore[attr-defined]
    assert found.size < len(content) // 2
    assert is_file(await look(animation("GIF", 2)[:-30]), remade=True)


async def test_a_duration_of_ages_is_none(look: Look, tmp_path: Path) -> None:
    content = bytearray(video(tmp_path, "a.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", sound=False))
    for name in (b"mvhd", b"tkhd", b"mdhd"):
        at = content.index(name) + 4
        assert content[at] == 0  # of 32 bits
        where = {b"mvhd": at + 16, b"tkhd": at + 20, b"mdhd": at + 16}[name]
        content[where : where + 4] = b"\xff\xff\xff\xff"
    timescale = content.index(b"mvhd") + 4 + 12
    content[timescale : timescale + 4] = b"\0\0\0\1"
    found = await look(bytes(content))
    assert found.duration is None or found.duration <= 1_000_000


async def test_a_duration_of_ten_to_the_eighteen_is_none(look: Look) -> None:
    """In a header of 64 bits, which nothing else in the file contradicts."""
    mvhd = b"\1\0\0\0" + bytes(16) + struct.pack(">IQ", 1, 10**18) + bytes(80)
    content = box(b"ftyp", b"isom\0\0\0\0isommp42") + box(b"moov", box(b"mvhd", mvhd)) + box(b"mdat", bytes(100))
    found = await look(content)
    assert found.duration is None
    assert found.original.read_bytes() == content


async def test_a_playlist_that_is_called_a_video_opens_nothing(workshop: ProcessWorkshop, tmp_path: Path) -> None:
    """Neither a file of this machine nor an address: it is no video by its content, and so nobody plays it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        port = listening.getsockname()[1]
        playlist = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\n{}\n#EXT-X-ENDLIST\n"
        hidden = box(b"ftyp", b"isom\0\0\0\0isommp42") + playlist.format(f"http://127.0.0.1:{port}/x").encode()
        for number, content in enumerate(
            (
                playlist.format("file:///etc/hostname").encode(),
                playlist.format("concat:file:///etc/hostname|file:///etc/hostname").encode(),
                playlist.format(f"http://127.0.0.1:{port}/secret").encode(),
                hidden,
            )
        ):
            path, into = tmp_path / f"{number}.mp4", tmp_path / f"into{number}"
            path.write_bytes(content)
            into.mkdir()
            found = await workshop.inspect(path, into, as_picture=True)
            assert is_file(found)
            assert await workshop.smaller_copy(path, into) is None
            assert list(into.iterdir()) == []
        with pytest.raises(BlockingIOError):
            listening.accept()


async def test_a_video_that_names_other_files_does_not_read_them(look: Look, tmp_path: Path) -> None:
    """A QuickTime reference (`rdrf`, `dref`) to a file beside it, and to the machine's name."""
    content = video(tmp_path, "a.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", sound=False)
    own = box(b"url ", b"\0\0\0\1")
    assert own in content
    for target in (b"file:///etc/hostname\0", b"http://127.0.0.1:1/x\0"):
        changed = content.replace(own, box(b"url ", b"\0\0\0\0" + target)[: len(own)])
        found = await look(changed)
        assert found.media_type in {"video/mp4", FILE_TYPE}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
async def test_pictures_with_bytes_changed_break_nothing(look: Look, kind: str, workshop: ProcessWorkshop) -> None:
    """Fuzzed: bytes flipped, cut out, doubled, and lengths turned to the extreme."""
    drawn = random.Random(kind)
    clean = encoded(photo(120, 80), kind) if kind != "GIF" else animation("GIF", 4)
    for _ in range(40):
        content = bytearray(clean)
        for _ in range(drawn.choice((1, 3, 20))):
            at = drawn.randrange(len(content))
            match drawn.randrange(4):
                case 0:
                    content[at] ^= 1 << drawn.randrange(8)
                case 1:
                    content[at : at + 4] = drawn.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", bytes(4)))
                case 2:
                    del content[at : at + drawn.randrange(1, 50)]
                case 3:
                    content[at:at] = content[at : at + drawn.randrange(1, 50)]
            if not content:
                break
        found = await look(bytes(content), as_picture=drawn.random() < 0.7)
        assert found.media_type in SHOWN_TYPES | {FILE_TYPE}
    assert (await look(clean)).width is not None
    assert workshop.pool.died <= 5


async def test_a_process_has_no_environment_no_descriptors_and_little_of_everything(
    look: Look, workshop: ProcessWorkshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHINWAG_SECRET", "do not tell")
    await look(encoded(photo(100, 50), "JPEG"))
    for pid in workshop.pool.pids:
        process = Path(f"/proc/{pid}")
        assert b"CHINWAG" not in (process / "environ").read_bytes()
        limits = (process / "limits").read_text()
        assert f"Max address space         {512 * 1024 * 1024}" in limits
        assert "Max core file size        0" in limits
        [cpu] = [line.split()[3] for line in limits.splitlines() if line.startswith("Max cpu time")]
        assert 20 <= int(cpu) <= 30
        targets = {str(one.readlink()) for one in (process / "fd").iterdir()}
        assert all(target.startswith(("pipe:", "/dev/null")) for target in targets), targets
        assert "NoNewPrivs:\t1" in (process / "status").read_text()
    assert workshop.pool.pids
    assert resource.getrlimit(resource.RLIMIT_AS)[0] != 512 * 1024 * 1024

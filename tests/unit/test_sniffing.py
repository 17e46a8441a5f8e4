"""What a file is by its first bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.ports.workshop import SHOWN_TYPES
from chinwag.workbench.sniffing import media_type

BRANDED = b"\0\0\0\x18ftyp"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"RIFF....WEBPVP8 ", "image/webp"),
        (b"RIFF....WAVEfmt ", "audio/wav"),
        (b"RIFF....AVI LIST", ""),
        (b"OggS\0\2", "audio/ogg"),
        (BRANDED + b"avif\0\0\0\0mif1miaf", "image/avif"),
        (BRANDED + b"mif1\0\0\0\0mif1avif", "image/avif"),
        (BRANDED + b"mif1\0\0\0\0mif1heic", "image/heic"),
        (BRANDED + b"heic\0\0\0\0mif1heic", "image/heic"),
        (BRANDED + b"isom\0\0\0\0isommp41", "video/mp4"),
        (BRANDED + b"qt  \0\0\0\0qt  qt  ", "video/mp4"),
        (BRANDED + b"mif1\0\0\0\0mif1mif1", ""),
        (b"\0\0\0\x08ftyp", ""),
        (b"\xff\xff\xff\xffftypisom\0\0\0\0isom", ""),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska", ""),
        (b"ID3\4\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x00" + bytes(413) + b"\xff\xfb\x90\x00", "audio/mpeg"),
        (b"\xff\xfb\x90\x00" + bytes(414) + b"\xff\xfb\x90\x00", ""),
        (b"\xff\xf1\x50\x80" + bytes(500), ""),
        (b"", ""),
        (b"GIF", ""),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", ""),
        (b"<!doctype html>", ""),
        (b"%PDF-1.7", ""),
        (b"PK\3\4", ""),
        (b"#EXTM3U\n", ""),
        (b"MZ", ""),
        (b"BM\x36\0", ""),
        (b"II*\0", ""),
    ],
)
def test_a_type_is_what_the_first_bytes_say(head: bytes, expected: str) -> None:
    assert media_type(head) == expected


@given(st.binary(max_size=200))
def test_nothing_that_begins_somehow_is_an_error_or_another_type(head: bytes) -> None:
    for begin in (b"", BRANDED, b"\x1a\x45\xdf\xa3", b"RIFF", b"\xff\xfb"):
        assert media_type(begin + head) in SHOWN_TYPES | {"image/heic", ""}

"""Pictures and videos for the tests, made by programs that the server does not use for it, or byte by byte."""

import io
import random
import struct
import subprocess
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

CANARY: Final = "CANARY-48.8584N-2.2945E"
"""What must not be found again."""
LATITUDE: Final = (48, 51, Fraction(0x5EC2E7, 1_000_001))
"""A position whose seconds no other bytes are likely to be."""
POSITION: Final = struct.pack("<I", 0x5EC2E7), struct.pack(">I", 0x5EC2E7)


def photo(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Shapes and shades of all colours, and some noise."""
    drawn = random.Random(width * height)
    picture = Image.merge(
        "RGB", [Image.linear_gradient("L").rotate(turn).resize((width, height)) for turn in (0, 90, 180)]
    )
    draw = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y = drawn.randrange(width), drawn.randrange(height)
        draw.ellipse((x, y, x + width // 4, y + height // 4), tuple(drawn.randrange(256) for _ in range(3)))
    if mode.endswith("A"):
        picture.putalpha(Image.radial_gradient("L").resize((width, height)))
    return picture.convert(mode)


def exif(orientation: int = 1) -> Image.Exif:
    """Metadata as a phone writes it: who took it, where, and how it is to be turned."""
    made = Image.Exif()
    made[0x0112] = orientation
    made[0x010E] = made[0x010F] = CANARY
    made.get_ifd(0x8825).update({1: "N", 2: LATITUDE, 3: "E", 4: LATITUDE, 29: CANARY[:10]})
    made.get_ifd(0x8769).update({0x9286: CANARY.encode()})
    return made


def encoded(picture: Image.Image, kind: str, **words: object) -> bytes:
    """The picture as a file."""
    made = io.BytesIO()
    picture.save(made, kind, **words)
    return made.getvalue()


def opened(path: Path) -> Image.Image:
    """What is in a file, wholly decoded."""
    picture = Image.open(path)
    picture.load()
    return picture


def animation(kind: str, frames: int, size: int = 24, **words: object) -> bytes:
    """An animation, no two frames of it the same."""
    pictures = []
    for number in range(frames):
        picture = Image.new("RGB", (size, size), (number % 256, number // 256 * 40, 90))
        ImageDraw.Draw(picture).point((number % size, number // size % size), (255, 255, 255))
        pictures.append(picture)
    return encoded(pictures[0], kind, save_all=True, append_images=pictures[1:], duration=40, loop=0, **words)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk, whatever it says."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_bomb(side: int) -> bytes:
    """A black picture of so many pixels each way, small as a file."""
    row = zlib.compressobj(9)
    data = b"".join(row.compress(bytes(1 + side // 8 + 1)) for _ in range(side)) + row.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", head) + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")


def video(folder: Path, name: str, *words: str, seconds: float = 2, size: str = "320x240", sound: bool = True) -> bytes:
    """A video by ffmpeg, with sound; words: more of the command, before the file's name."""
    path = folder / name
    tone = ["-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}"] if sound else []
    ffmpeg("-y", "-f", "lavfi", "-i", f"testsrc=duration={seconds}:size={size}:rate=10", *tone, *words, path)
    return path.read_bytes()


def ffmpeg(*words: object) -> None:
    """The program, with these words."""
    subprocess.run(["ffmpeg", "-v", "error", *map(str, words)], check=True, stdin=subprocess.DEVNULL)


def box(kind: bytes, content: bytes) -> bytes:
    """A box of MP4."""
    return struct.pack(">I", 8 + len(content)) + kind + content


def wide_profile() -> bytes:
    """A colour profile of matrix and curve (ICC.1:2010, 8.3) like Display P3: reds and greens beyond those of sRGB."""

    def number(value: float) -> bytes:
        return struct.pack(">i", round(value * 65_536))

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(map(number, values))

    text, curve = b"wide\0", b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78),
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.5151, 0.2412, -0.0011),
        b"gXYZ": xyz(0.2920, 0.6922, 0.0419),
        b"bXYZ": xyz(0.1571, 0.0666, 0.7841),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    table, data, at = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        table += name + struct.pack(">II", at + len(data), len(content))
        data += padded
    head = struct.pack(">I4sI4s4s4s", at + len(data), b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += (
        struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + number(0.9642) + number(1.0) + number(0.8249)
    )
    return head + bytes(128 - len(head)) + table + data

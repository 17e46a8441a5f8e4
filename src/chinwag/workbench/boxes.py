"""MP4 without what was written beside its pictures and sounds: boxes of metadata become free space of the same length,
so that nothing that points into the file moves. It is what can be done without ffmpeg."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from chinwag.lasting import new_file

MOST_BOXES: Final = 100_000
DEEPEST: Final = 8
PIECE_BYTES: Final = 1024 * 1024
_WITHIN: Final = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf", b"edts"})
_BESIDE: Final = frozenset({b"udta", b"meta", b"uuid"})


class BrokenError(Exception):
    """It is not made of boxes."""


def cleaned(path: Path, to: Path) -> str:
    """Write the file anew; the new one's name. Raises `BrokenError`, OSError."""
    with path.open("rb") as file, new_file(to) as made:
        while piece := file.read(PIECE_BYTES):
            made.write(piece)
        for at, length, head in list(_metadata(file, 0, os.fstat(file.fileno()).st_size, DEEPEST, [MOST_BOXES])):
            made.seek(at + 4)
            made.write(b"free")
            made.seek(at + head)
            _zeros(made, length - head)
    return to.name


def _metadata(file: BinaryIO, start: int, end: int, deepest: int, left: list[int]) -> Iterator[tuple[int, int, int]]:
    """Where each box of metadata is, how long it is, and how long its head (ISO 14496-12, 4.2)."""
    at = start
    while at < end:
        left[0] -= 1
        file.seek(at)
        head = file.read(16)
        if len(head) < 8 or left[0] < 0 or not deepest:
            raise BrokenError
        length, kind, long = int.from_bytes(head[:4], "big"), head[4:8], 8
        if length == 1:
            length, long = int.from_bytes(head[8:16], "big"), 16
        elif length == 0:
            length = end - at
        if length < long or at + length > end:
            raise BrokenError
        if kind in _BESIDE:
            yield at, length, long
        elif kind in _WITHIN:
            yield from _metadata(file, at + long, at + length, deepest - 1, left)
        at += length


def _zeros(file: BinaryIO, length: int) -> None:
    while length > 0:
        length -= file.write(bytes(min(length, PIECE_BYTES)))

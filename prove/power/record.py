"""What a program did to its disk, as the preloaded library wrote it down (`preload/record.h` is the source)."""

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import BinaryIO, Final, NamedTuple

_HEAD: Final = struct.Struct("<IIQQII")
_MAGIC: Final = 0x50575243


class Kind(IntEnum):
    """What was done."""

    MADE = ord("N")
    SIZED = ord("T")
    WROTE = ord("W")
    BEGAN = ord("S")
    SYNCED = ord("D")
    FOLDER = ord("M")
    RENAMED = ord("R")
    LINKED = ord("L")
    UNLINKED = ord("U")
    REMOVED = ord("X")
    MAPPED = ord("P")
    UNKNOWN = ord("!")


class Recorded(NamedTuple):
    """One call. number: an offset, a size, a mode or the name of a sync. first, second: paths, or data."""

    kind: Kind
    inode: int
    number: int
    first: bytes
    second: bytes


class NotARecord(Exception):  # noqa: N818 - it says what the file is
    """The file was not written by the library."""


def read_record(file: BinaryIO) -> Iterator[Recorded]:
    """The calls in their order, from where the file stands. Raises NotARecord.

    An entry that a kill cut off at the end is left out: its call had not returned.
    """
    while len(head := file.read(_HEAD.size)) == _HEAD.size:
        magic, kind, inode, number, first, second = _HEAD.unpack(head)
        if magic != _MAGIC:
            raise NotARecord(f"the record is damaged before byte {file.tell()}")
        body = file.read(first + second)
        if len(body) == first + second:
            yield Recorded(Kind(kind), inode, number, body[:first], body[first:])

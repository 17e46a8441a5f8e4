"""AVIF and HEIC without what was written beside their pictures, where they cannot be made anew.

Such a file is a box of items (ISO 14496-12, 8.11), some of which are pictures. Nothing is decoded and nothing moves:
all bytes that no picture needs become zeros. What is broken, or made in a way that is not known here, raises
`BrokenError`.
"""

from collections.abc import Iterator
from typing import Final

from chinwag.workbench.boxes import BrokenError

_PICTURES: Final = frozenset({b"av01", b"hvc1", b"grid", b"iovl", b"iden", b"tmap"})
"""Items that are pictures, or put together of some."""
_NOTHING: Final = b"none"
_HEAD: Final = frozenset({b"hdlr", b"pitm", b"iinf", b"iloc", b"iref", b"iprp", b"idat", b"dinf", b"grpl"})
_TOP: Final = frozenset({b"ftyp", b"meta", b"mdat"})
_MOST: Final = 100_000
"""Boxes, items or extents."""

Span = tuple[int, int]
"""From a byte to before another one."""


def cleaned(content: bytes) -> bytes:
    """The same picture, as long as it was."""
    made = bytearray(content)
    meta: Span | None = None
    stores: list[Span] = []
    for kind, start, head, end in _boxes(content, 0, len(content)):
        if kind == b"meta" and meta is None:
            meta = (start + head + 4, end)
        elif kind == b"mdat":
            stores.append((start + head, end))
        elif kind not in _TOP:
            _empty(made, start, head, end)
    if meta is None:
        raise BrokenError
    found: dict[bytes, Span] = {}
    for kind, start, head, end in _boxes(content, *meta):
        if kind in _HEAD and kind not in found:
            found[kind] = (start + head, end)
        else:
            _empty(made, start, head, end)
    pictures = _pictures(content, made, *_span(found, b"iinf"))
    if b"idat" in found:
        stores.append(found[b"idat"])
    needed = list(_extents(content, pictures, *_span(found, b"iloc"), found.get(b"idat", (0, 0))))
    for start, end in stores:
        _zero_between(made, start, end, needed)
    for kind, start, head, end in _boxes(content, *_span(found, b"iprp")):
        if kind == b"ipco":
            for name, at, before, after in _boxes(content, start + head, end):
                if name in (b"udes", b"uuid"):
                    _empty(made, at, before, after)
    return bytes(made)


def _span(found: dict[bytes, Span], name: bytes) -> Span:
    if name not in found:
        raise BrokenError
    return found[name]


def _boxes(content: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Each box: its kind, where it begins, how long its head is, where it ends."""
    for _ in range(_MOST):
        if at == end:
            return
        if at + 8 > end:
            raise BrokenError
        length, kind, head = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8], 8
        if length == 1:
            length, head = int.from_bytes(content[at + 8 : at + 16], "big"), 16
        elif length == 0:
            length = end - at
        if length < head or at + length > end:
            raise BrokenError
        yield kind, at, head, at + length
        at += length
    raise BrokenError


def _pictures(content: bytes, made: bytearray, start: int, end: int) -> set[int]:
    """The items that are pictures (8.11.6). What items are called is taken out of `made`, and what the others are."""
    pictures: set[int] = set()
    at = start + 4 + (4 if content[start] else 2)
    for kind, first, head, last in _boxes(content, at, end):
        version = content[first + head]
        if kind != b"infe" or version not in (2, 3):
            raise BrokenError
        wide = 4 if version == 3 else 2
        body = first + head + 4
        item, type_ = int.from_bytes(content[body : body + wide], "big"), content[body + wide + 2 : body + wide + 6]
        named = body + wide + 6
        if named > last:
            raise BrokenError
        if type_ in _PICTURES:
            pictures.add(item)
        else:
            made[named - 4 : named] = _NOTHING  # so that nobody looks for Exif in what is none any more
        made[named:last] = bytes(last - named)
    if not pictures:
        raise BrokenError
    return pictures


def _extents(content: bytes, pictures: set[int], start: int, end: int, idat: Span) -> Iterator[Span]:
    """Where the bytes of pictures are (8.11.3)."""
    version, at = content[start], start + 4
    offset_size, length_size = content[at] >> 4, content[at] & 15
    base_size, index_size = content[at + 1] >> 4, content[at + 1] & 15 if version else 0
    at += 2

    def number(size: int) -> int:
        nonlocal at
        if at + size > end:
            raise BrokenError
        at += size
        return int.from_bytes(content[at - size : at], "big")

    wide = 4 if version == 2 else 2
    for _ in range(number(wide)):
        item = number(wide)
        method = number(2) & 15 if version else 0
        if number(2) or method > 1:  # in another file, or within another item
            raise BrokenError
        base = number(base_size) + (idat[0] if method else 0)
        for _ in range(number(2)):
            number(index_size)
            first, length = base + number(offset_size), number(length_size)
            if first + length > len(content) or not length:
                raise BrokenError
            if item in pictures:
                yield first, first + length


def _zero_between(made: bytearray, start: int, end: int, needed: list[Span]) -> None:
    """Of the bytes from `start` to `end` those that nobody needs."""
    at = start
    for first, last in sorted(needed):
        if first > at and at < end:
            made[at : min(first, end)] = bytes(min(first, end) - at)
        at = max(at, last)
    if at < end:
        made[at:end] = bytes(end - at)


def _empty(made: bytearray, start: int, head: int, end: int) -> None:
    """The box becomes free space of the same length."""
    made[start + 4 : start + 8] = b"free"
    made[start + head : end] = bytes(end - start - head)

"""One line of the chat, and how it is laid out on a terminal. No I/O."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from rich.cells import cell_len

from chinwag.cli.clean import clean

INDENT: Final = "        "
"""Before every further row of a line: at the margin only this program begins."""

Piece = tuple[str, str]
"""A style and a text."""


class Line:
    """Pieces of text with their styles. Whatever is added is made harmless here, and nowhere else."""

    def __init__(self, text: str = "", style: str = "") -> None:
        self.pieces: list[Piece] = []
        self.add(text, style)

    def add(self, text: str, style: str = "", *, lines: bool = False) -> "Line":
        """Add words; `lines` keeps their line breaks."""
        if text:
            self.pieces.append((style, clean(text, lines=lines)))
        return self

    def rows(self, width: int | None) -> Iterator[list[Piece]]:
        """The rows of a terminal that is `width` cells wide (None: as wide as it takes), the second and later ones
        indented, so that no text, however it is padded, has a row that begins where our own lines do."""
        row: list[Piece] = []
        used = 0
        for style, word in self._words():
            if word == "\n":
                yield row
                row, used = [("", INDENT)], len(INDENT)
                continue
            for part in _split(word, width):
                size = cell_len(part)
                if width is not None and used + size > width and used > len(INDENT):
                    yield row
                    row, used = [("", INDENT)], len(INDENT)
                    if part.isspace():
                        continue
                row.append((style, part))
                used += size
        yield row

    def _words(self) -> Iterator[Piece]:
        for style, text in self.pieces:
            for kind, characters in groupby(text, key=_kind):
                if kind == "\n":
                    yield from ((style, "\n") for _ in characters)
                else:
                    yield style, "".join(characters)


def _kind(character: str) -> str:
    return character if character == "\n" else " " if character.isspace() else "x"


def _split(word: str, width: int | None) -> Iterator[str]:
    """A word in parts that fit into a row."""
    most = None if width is None else max(width - len(INDENT), 2)
    if most is None or cell_len(word) <= most:
        yield word
        return
    part, used = "", 0
    for character in word:
        size = cell_len(character)
        if used + size > most:
            yield part
            part, used = "", 0
        part, used = part + character, used + size
    yield part

"""What commands say: one way out, on which everything is made harmless first.

Names, titles and texts come from people, and go to an operator's terminal: nothing in them acts on it, is read as
markup, or becomes a picture; nothing is cut. In a pipe a row of a table is one line, however long.
"""

import sys
from typing import Final, TextIO

from rich.cells import cell_len

from chinwag.cli.clean import clean, spelt

GAP: Final = "  "


def say(text: str, *, error: bool = False) -> None:
    """Print `text`, which may have several lines of ours, to standard output or standard error."""
    write(clean(text, lines=True) + "\n", sys.stderr if error else sys.stdout)


def aside(text: str) -> None:
    """Say on standard error what a command does meanwhile: what it was asked for is alone on standard output."""
    say(text, error=True)


def write(text: str, stream: TextIO | None) -> None:
    """Write what is clean already, in the signs that the stream has. A stream that was closed is None."""
    if stream is None:
        return
    stream.write(spelt(text, stream.encoding or "utf-8"))
    stream.flush()


class Rows:
    """A table: `add` rows, then `show`."""

    def __init__(self, *heads: str) -> None:
        self._rows: list[list[str]] = [list(heads)] if heads else []
        self._heads = bool(heads)

    def __len__(self) -> int:
        return len(self._rows) - self._heads

    def add(self, *cells: object) -> None:
        """One row; every cell is made one clean line."""
        self._rows.append([" ".join(clean(str(cell)).split()) for cell in cells])

    def show(self, nothing: str = "") -> None:
        """Print the table, each column as wide as its widest cell; `nothing` if it has no rows."""
        if not len(self):
            say(nothing)
            return
        widths = [max(map(cell_len, column)) for column in zip(*self._rows, strict=True)]
        for row in self._rows:
            cells = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
            write(GAP.join(cells).rstrip() + "\n", sys.stdout)


def account_word(name: str, account: str, *, closed: bool = False) -> str:
    """An account as a list names it: @name, so that no name passes for a word of the list's own, and the id where there
    is no name to show."""
    return f"@{name}" if name and not closed else f"(closed account {account})" if closed else account


def megabytes(count: int) -> str:
    """A size for people, in units of 1,000."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"

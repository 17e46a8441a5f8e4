"""What came from outside made harmless: the one place through which it goes to a terminal. No I/O.

Names, titles and texts of others, and what a server says of itself, may hold anything: sequences that move the cursor,
characters that turn the order of a line, marks without end. Here controls become signs that are seen.
"""

import unicodedata
from collections.abc import Iterator
from typing import Final

LABEL_CHARACTERS: Final = 200
"""A name or title is shown up to here; servers of ours have none that is longer."""
MARKS: Final = 10
"""Marks on one letter that are shown; no script needs so many, and more paint over the lines above."""

# They turn the order of what follows, also of our own words on the line: a name could pass for another.
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SPELT: Final = str.maketrans(
    {
        "✓": "v",
        "•": "*",
        "─": "-",
        "…": "...",
        "→": "->",
        "↳": "->",
        "“": '"',
        "”": '"',
        "⟨": "<",
        "⟩": ">",
    }
)


def clean(text: str, *, lines: bool = False) -> str:
    """`text` with nothing in it that acts on a terminal: controls are shown as signs, not sent.

    lines: keep line breaks.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_harmless(text, lines))


def label(text: str) -> str:
    """A name or title, clean, on one line, and never so long that it hides what stands behind it."""
    shown = " ".join(clean(text[: LABEL_CHARACTERS + 1]).split())
    return shown if len(text) <= LABEL_CHARACTERS else shown[:LABEL_CHARACTERS] + "…"


def spelt(text: str, encoding: str) -> str:
    """`text` as a terminal of `encoding` can show it: our own signs as ASCII has them, others by their number."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(_spelling(character, encoding) for character in text)
    return text


def _spelling(character: str, encoding: str) -> str:
    for candidate in (character, character.translate(_SPELT)):
        try:
            candidate.encode(encoding)
        except UnicodeEncodeError:
            continue
        return candidate
    return f"<U+{ord(character):04X}>"


def _harmless(text: str, lines: bool) -> Iterator[str]:
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= MARKS:
            yield _visible(character, lines)
        elif marks == MARKS + 1:
            yield "⟨more marks⟩"


def _visible(character: str, lines: bool) -> str:
    if character.isprintable():
        return character
    if character == "\n" and lines:
        return character
    if character in "\t\n":
        return " "
    point = ord(character)
    if point < 0x20:
        return chr(0x2400 + point)  # U+2400: control pictures
    if point == 0x7F:
        return "\u2421"
    category = unicodedata.category(character)
    if character in _BIDI or category in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp"):
        return f"\u27e8U+{point:04X}\u27e9"
    # Joiners and variation selectors belong to scripts and emoji; other spaces are spaces.
    return " " if category == "Zs" else character

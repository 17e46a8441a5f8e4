"""What a reader cannot tell apart, and what a reader cannot see: Unicode's confusables (UTS 39) and ignorables.

Asked when something gets a name, never when it is looked up: the table may grow with Unicode, and nobody's log-in may
depend on that.
"""

import unicodedata
from bisect import bisect_right
from functools import cache
from typing import Final, NewType

from chinwag.domain.confusables import IGNORABLE, PROTOTYPES
from chinwag.domain.normal_form import LONGEST, decomposed

LookAlikeKey = NewType("LookAlikeKey", str)
"""Two names with the same key can be taken for each other."""

MARKS_IN_NAMES: Final = 4
"""Marks that may stand on one another (UTS 39, 5.4): more is never writing, and covers what is near."""
_SHAPING: Final = frozenset("\u200c\u200d\ufe0e\ufe0f") | frozenset(map(chr, range(0xE0020, 0xE0080)))
"""Joiners, and what chooses between text and emoji: scripts and emoji need them, behind what they shape."""
_BLANK: Final = "\u2800"
"""A letter of Braille without a dot: it is no white space, and shows none."""


def look_alike_key(name: str) -> LookAlikeKey:
    """The skeleton of a name (UTS 39, section 4), its case folded: one with a Cyrillic letter has that of its twin.

    Raises `TooLongError` for what no name can be.
    """
    # Once more behind the folding: M is no prototype of rn, and m is.
    return LookAlikeKey(_skeleton(_skeleton(name, 128).casefold(), LONGEST))


def is_ignorable(character: str) -> bool:
    """Whether this shows nothing where it is not supported (Default_Ignorable_Code_Point)."""
    firsts, lasts = _ignorable()
    at = bisect_right(firsts, character) - 1
    return at >= 0 and character <= lasts[at]


def is_overloaded(name: str) -> bool:
    """Whether marks stand on one another as no writing has them: more than four, or one on itself."""
    run = ""
    for part in decomposed(name, 128):
        if unicodedata.category(part) not in ("Mn", "Me"):
            run = ""
        elif len(run) == MARKS_IN_NAMES or run.endswith(part):
            return True
        else:
            run += part
    return False


def without_hidden(text: str) -> str:
    """`text` without characters that only hide something or turn the direction of what is around them.

    Joiners and selectors stay behind what is not ASCII: there they shape letters and emoji.
    """
    kept: list[str] = []
    for character in text:
        if not is_ignorable(character) or (character in _SHAPING and kept and not kept[-1].isascii()):
            kept.append(character)
    return "".join(kept)


def shows_something(text: str) -> bool:
    """Whether anything is to be seen of `text`."""
    return any(not (one.isspace() or one == _BLANK or is_ignorable(one)) for one in text)


def _skeleton(text: str, most: int) -> str:
    prototypes = _prototypes()
    shown = (prototypes.get(part, part) for part in decomposed(text, most) if not is_ignorable(part))
    return decomposed("".join(shown)[:LONGEST], LONGEST)


@cache
def _prototypes() -> dict[str, str]:
    """Made at first use: a server that nobody signs up at needs none."""
    pairs = (entry.split(":") for entry in PROTOTYPES.split())
    return {chr(int(one, 16)): "".join(chr(int(part, 16)) for part in many.split("+")) for one, many in pairs}


@cache
def _ignorable() -> tuple[list[str], list[str]]:
    spans = [span.split("-") for span in IGNORABLE.split()]
    return [chr(int(first, 16)) for first, _ in spans], [chr(int(last, 16)) for _, last in spans]

"""Characters as the search of messages sees them: folded, one at a time, and sorted into kinds.

A script with spaces gives words, one without them gives pairs of characters, and a symbol stands by itself. A character
that may join the one before it (a mark, half of a syllable of Hangul) is folded together with it.
"""

import unicodedata
from functools import lru_cache
from typing import Final

from chinwag.domain.normal_form import LONGEST, MARKS, decomposed, normal_form

WORD: Final = "w"
PAIRED: Final = "p"
SYMBOL: Final = "s"
FLAG: Final = "f"
"""Half of a flag."""
NOTHING: Final = " "
JOINS: Final = "\0"
"""In the place of what must be folded with the character before it."""

KNOWN: Final = 16_384
"""Characters of which is remembered what they are: more than any language writes."""
SHORT: Final = 4
"""Characters of what `fold_short` takes."""
_PAIRED_NAMES: Final = (
    "CJK ",
    "IDEOGRAPHIC ",
    "HIRAGANA",
    "KATAKANA",
    "COMBINING KATAKANA",
    "HANGUL",
    "THAI",
    "LAO ",
    "KHMER",
    "MYANMAR",
)
"""How the names of characters of scripts without spaces begin; Korean has some, but its endings stick to its words."""
_BARE: Final = ("LATIN", "GREEK", "CYRILLIC")
"""Scripts in which a letter is found without its marks."""
_JAMO: Final = range(0x1160, 0x1200)
"""Vowels and ends of a syllable of Hangul, which join its beginning."""
_FLAGS: Final = range(0x1F1E6, 0x1F200)
_TONES: Final = range(0x1F3FB, 0x1F400)


class Folds(dict[int, str]):
    """For `str.translate`: a character folded, `JOINS` for one that is not folded by itself."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        folded = JOINS if _joins(character) else fold(character)
        if len(self) < KNOWN:
            self[code] = folded
        return folded


class Kinds(dict[int, str]):
    """For `str.translate`: the kind of each character of a folded text, so that both have one length."""

    def __missing__(self, code: int) -> str:
        kind = _kind(chr(code))
        if len(self) < KNOWN:
            self[code] = kind
        return kind


def fold(cluster: str) -> str:
    """A character with what joins it, at most `MARKS` of these: NFKC, its case folded, bare of accents.

    A letter of Latin, Greek or Cyrillic loses its marks, and every letter those that belong to no script; of all others
    nothing is lost but what is not seen.
    """
    lower = normal_form("NFKC", cluster[: MARKS + 1], LONGEST).casefold()
    return "".join(map(_bare, normal_form("NFKC", lower, LONGEST)))


@lru_cache(8_192)
def fold_short(cluster: str) -> str:
    """As `fold`, of at most `SHORT` characters, and remembered."""
    return fold(cluster)


@lru_cache(4_096)
def _bare(character: str) -> str:
    name = unicodedata.name(character, "")
    if _is_unseen(character, name):
        return ""
    if name.startswith(_BARE):
        return "".join(part for part in decomposed(character, LONGEST) if not unicodedata.combining(part))
    return character


def _is_unseen(character: str, name: str) -> bool:
    """Marks that belong to no script, and what only shapes what is beside it: selectors, joiners, tones of skin."""
    category = unicodedata.category(character)
    if category[0] == "M":
        return name.startswith(("COMBINING ", "VARIATION ")) and not name.startswith(_PAIRED_NAMES)
    return category == "Cf" or ord(character) in _TONES


def _joins(character: str) -> bool:
    """Whether a normal form may join this to the character before it."""
    if character == JOINS:
        return False
    first = normal_form("NFKC", character, LONGEST)[0]
    return unicodedata.category(first)[0] == "M" or ord(first) in _JAMO or unicodedata.category(character)[0] == "M"


def _kind(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] in "LMN":
        return PAIRED if unicodedata.name(character, "").startswith(_PAIRED_NAMES) else WORD
    if ord(character) in _FLAGS:
        return FLAG
    return SYMBOL if category[0] == "S" and not character.isascii() else NOTHING

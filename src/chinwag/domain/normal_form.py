"""Unicode's normal forms of what strangers send: the only place that asks for one, in time that grows with length.

Normalizing sorts each run of combining marks, and sorts it slowly: 64 KB of marks hold the interpreter for a second. So
a text that is longer than its rule allows is refused before anything looks at it, and a run of more than 30 marks is
parted by a combining grapheme joiner, as Unicode's Stream-Safe Text Process does (UAX 15, section 13).
"""

import unicodedata
from functools import lru_cache
from typing import Final, Literal

Form = Literal["NFC", "NFKC"]

LONGEST: Final = 4_096
"""Characters that may be normalized at all. Rules have their own, lower bounds."""
MARKS: Final = 30
"""Combining marks that may follow one another."""
JOINER: Final = "\u034f"


class TooLongError(ValueError):
    """The text is longer than its rule allows: nothing has looked at it."""


def normal_form(form: Form, text: str, most: int) -> str:
    """`text` in Unicode form `form`, stream-safe. Raises `TooLongError` if it has more than `most` characters."""
    if len(text) > min(most, LONGEST):
        raise TooLongError
    if text.isascii():
        return text
    return unicodedata.normalize(form, _stream_safe(text))


def decomposed(text: str, most: int) -> str:
    """`text` in form NFD, stream-safe: what skeletons are made of. Raises as `normal_form`."""
    if len(text) > min(most, LONGEST):
        raise TooLongError
    return unicodedata.normalize("NFD", _stream_safe(text))


def _stream_safe(text: str) -> str:
    """`text` with a joiner wherever more than `MARKS` non-starters would follow one another, decomposed (UAX15-D4)."""
    parts: list[str] = []
    run = 0
    for character in text:
        leading, trailing, whole = _non_starters(character)
        if run + leading > MARKS:
            parts.append(JOINER)
            run = 0
        run = run + leading if whole else trailing
        parts.append(character)
    return "".join(parts)


@lru_cache(2_048)
def _non_starters(character: str) -> tuple[int, int, bool]:
    """How many non-starters the character's compatibility decomposition begins and ends with; whether it is all such.

    One character in, so the cache holds little; marks that count as starters themselves may decompose into others.
    """
    classes = [unicodedata.combining(part) for part in unicodedata.normalize("NFKD", character)]
    leading = next((at for at, one in enumerate(classes) if one == 0), len(classes))
    trailing = next((at for at, one in enumerate(reversed(classes)) if one == 0), len(classes))
    return leading, trailing, leading == len(classes)

"""The words by which people are found while somebody types: folded, so that neither case nor accents matter."""

import unicodedata
from collections.abc import Iterator
from typing import Final

from chinwag.domain.normal_form import LONGEST, TooLongError, decomposed, normal_form
from chinwag.domain.refusal import Code, Refused

WORD_MAX: Final = 64
"""Characters of a folded word that are kept and compared."""
QUERY_MIN: Final = 2
"""Characters that the longest word of a search has at least."""
QUERY_MAX: Final = 64
"""Characters of a search; it is refused unseen if it has more."""
QUERY_WORDS: Final = 4
_TEXT_MAX: Final = 256
"""Characters of a name or display name: more than either may have."""
_ACCENTS: Final = 10
"""The canonical combining class from which on a mark is an accent or a vowel point. Those below make another letter of
the one they stand on: the voicing marks of kana, the nukta and virama of India's scripts."""


def search_words(name: str, display_name: str) -> frozenset[str]:
    """The words that an account is found by: its name, and each word of its display name, also one behind a hyphen."""
    found = {_folded(name, _TEXT_MAX)}
    for token in _folded(display_name, _TEXT_MAX).split():
        found.update(_beginnings(token))
    return frozenset(word[:WORD_MAX] for word in found if word)


def query_words(text: str) -> tuple[str, ...]:
    """What a search asks for: the beginnings of words, the longest first. Raises `bad_request`."""
    try:
        folded = _folded(text, QUERY_MAX)
    except TooLongError:
        raise Refused(Code.BAD_REQUEST, f"a search has at most {QUERY_MAX} characters") from None
    wanted = {next(_beginnings(token), "")[:WORD_MAX] for token in folded.split()} - {""}
    words = sorted(wanted, key=lambda word: (-len(word), word))
    if not words or len(normal_form("NFC", words[0], WORD_MAX)) < QUERY_MIN:
        raise Refused(Code.BAD_REQUEST, f"a search has at least {QUERY_MIN} letters or digits")
    return tuple(words[:QUERY_WORDS])


def _folded(text: str, most: int) -> str:
    """`text` decomposed, in lower case, without accents. Raises `TooLongError`."""
    lower = normal_form("NFKC", text, most).casefold()
    parts = decomposed(lower[:LONGEST], LONGEST)
    return "".join(part for part in parts if unicodedata.combining(part) < _ACCENTS and not _unstorable(part))


def _unstorable(part: str) -> bool:
    """Whether no database keeps it: a lone surrogate, a zero."""
    return part == "\0" or unicodedata.category(part) == "Cs"


def _beginnings(token: str) -> Iterator[str]:
    """`token` from each place where letters or digits begin: of `(jean-luc)` `jean-luc)` and `luc)`."""
    inside = False
    for at, character in enumerate(token):
        if not inside and _is_inside(character):
            yield token[at:]
        inside = _is_inside(character)


def _is_inside(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"

"""The terms by which messages are found: what every index keeps of a text, and what a query is made of.

A word is a run of letters, marks and digits. Of a script without spaces each two characters that follow one another are
a term, and the last one by itself: so two characters are one term, more of them a phrase, and one the beginning of a
term. A symbol is a term, so that emoji are found.

The work grows with the length of a text and no faster. It is done in Python step by step, so a thread that does it lets
others go on; whoever has an event loop gives it long texts in a thread.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from chinwag.domain.letters import FLAG, JOINS, NOTHING, PAIRED, SHORT, SYMBOL, WORD, Folds, Kinds, fold, fold_short

TERM_CHARACTERS: Final = 64
"""A word is kept, and compared, up to here."""
FOLDED_CHARACTERS: Final = 110_000
"""A text is looked at up to here, once folded: any that people write, but not one of 99,999 ligatures of many words.
All its terms fit where an engine takes a megabyte at most."""

_folds: Final = Folds()
_kinds: Final = Kinds()
_ASCII: Final = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}


class Token(NamedTuple):
    """A term where it stands: in the code points from `start` to before `end` of its text. kind: of `letters`; the last
    character of a script without spaces is `LAST`."""

    term: str
    start: int
    end: int
    kind: str


LAST: Final = "l"


def terms(text: str) -> list[str]:
    """The terms of `text`, in their order."""
    if text.isascii():
        # Most texts of programs and many of people; the same as below, in a tenth of the time.
        return [word[:TERM_CHARACTERS] for word in text[:FOLDED_CHARACTERS].translate(_ASCII).split()]
    folded = text.translate(_folds)
    folded = folded[:FOLDED_CHARACTERS] if JOINS not in folded else _folded(text)[0]
    return [
        folded[first : min(last, first + TERM_CHARACTERS)]
        for kind, begin, end in _runs(folded.translate(_kinds))
        for first, last, _ in _parts(kind, begin, end)
    ]


def tokens(text: str) -> list[Token]:
    """The terms of `text`, each with its place."""
    folded, starts, ends = _folded(text)
    found: list[Token] = []
    for kind, begin, end in _runs(folded.translate(_kinds)):
        for first, last, named in _parts(kind, begin, end):
            term = folded[first : min(last, first + TERM_CHARACTERS)]
            found.append(Token(term, starts[first], ends[last - 1], named))
    return found


def _runs(kinds: str) -> Iterator[tuple[str, int, int]]:
    """Where each run of one kind begins and ends."""
    at = 0
    for piece in kinds.split(NOTHING):
        end = at + len(piece)
        if piece and piece.count(piece[0]) == len(piece):
            yield piece[0], at, end
        else:
            for kind, run in groupby(piece):
                begin, at = at, at + len(list(run))
                yield kind, begin, at
        at = end + 1


def _parts(kind: str, begin: int, end: int) -> Iterator[tuple[int, int, str]]:
    """What a run of one kind is made of: where each term begins and ends, and what it is."""
    if kind == WORD:
        yield begin, end, WORD
    elif kind == PAIRED:
        for at in range(begin, end - 1):
            yield at, at + 2, PAIRED
        yield end - 1, end, LAST
    elif kind == FLAG:
        for at in range(begin, end, 2):
            yield at, min(at + 2, end), SYMBOL
    else:
        for at in range(begin, end):
            yield at, at + 1, SYMBOL


def _folded(text: str) -> tuple[str, Sequence[int], Sequence[int]]:
    """A text folded, and for each character of that where what it comes from begins and ends in `text`."""
    folded = text.translate(_folds) if not text.isascii() else text.lower()
    if len(folded) == len(text) and JOINS not in folded:
        folded = folded[:FOLDED_CHARACTERS]
        return folded, range(len(folded)), range(1, len(folded) + 1)
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _clusters(text):
        part = fold_short(text[start:end]) if end - start <= SHORT else fold(text[start:end])
        parts.append(part)
        starts += [start] * len(part)
        ends += [end] * len(part)
        if len(starts) >= FOLDED_CHARACTERS:
            break
    return "".join(parts)[:FOLDED_CHARACTERS], starts, ends


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Where each character begins, and ends with all that joins it."""
    start = 0
    for at in range(1, len(text)):
        if _folds[ord(text[at])] != JOINS:
            yield start, at
            start = at
    if text:
        yield start, len(text)

"""What a search of messages asks for: phrases of terms. Nothing in it is syntax but double quotes around a phrase."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from chinwag.domain.letters import PAIRED, WORD
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.terms import LAST, Token, tokens

QUERY_CHARACTERS: Final = 256
QUERY_TERMS: Final = 32
PREFIX_CHARACTERS: Final = 2
"""The last word of a query is the beginning of a word if it has so many."""
RANGES: Final = 100
"""Matched places that are told of one message."""

_QUOTES: Final = str.maketrans({"\u201c": '"', "\u201d": '"', "\u201e": '"'})

Range = tuple[int, int]
"""Code points of a text, from the first to before the second."""


class Phrase(msgspec.Struct, frozen=True):
    """Terms that follow one another. prefix: whether the last one is the beginning of a term."""

    terms: tuple[str, ...]
    prefix: bool = False


def phrases_of(query: str) -> tuple[Phrase, ...]:
    """The phrases that a message must hold, in any order: what is in quotes, and each other word.

    A word that a mark parts (`don't`) is a phrase as well. The last word is a beginning, unless it stands in quotes.
    Raises `bad_query` for more than `QUERY_CHARACTERS`, more than `QUERY_TERMS`, and for a query without any term.
    """
    if len(query) > QUERY_CHARACTERS:
        raise Refused(Code.BAD_QUERY, f"a query has at most {QUERY_CHARACTERS} characters")
    pieces = list(_pieces(query))
    found = [
        _phrase(tokens(text), open_end=not quoted and at == len(pieces) - 1) for at, (text, quoted) in enumerate(pieces)
    ]
    phrases = tuple(dict.fromkeys(phrase for phrase in found if phrase is not None))
    if not phrases:
        raise Refused(Code.BAD_QUERY, "there is no word in it")
    if sum(len(phrase.terms) for phrase in phrases) > QUERY_TERMS:
        raise Refused(Code.BAD_QUERY, f"a query has at most {QUERY_TERMS} words")
    return phrases


def ranges_of(text: Sequence[Token], phrases: Sequence[Phrase]) -> list[Range] | None:
    """Where a text holds the phrases: rising ranges that neither touch nor overlap, at most `RANGES`; None if it lacks
    one of them."""
    found: list[Range] = []
    for phrase in phrases:
        places = list(_places(text, phrase))
        if not places:
            return None
        found += places
    joined: list[Range] = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif len(joined) == RANGES:
            break
        else:
            joined.append((start, end))
    return joined


def _pieces(query: str) -> Iterator[tuple[str, bool]]:
    """What stands in quotes, and each word outside; a quote that is not closed is text."""
    parts = query.translate(_QUOTES).split('"')
    if len(parts) % 2 == 0:
        parts[-2:] = [f"{parts[-2]} {parts[-1]}"]
    for at, part in enumerate(parts):
        if at % 2:
            yield part, True
        else:
            yield from ((word, False) for word in part.split())


def _phrase(found: Sequence[Token], *, open_end: bool) -> Phrase | None:
    """The phrase of a piece's terms; None for none. open_end: whether its last word may go on."""
    if not found:
        return None
    words = tuple(token.term for token in found)
    last = found[-1]
    if last.kind == LAST:
        # The text may go on behind it: its pair says where it stands, and alone it is the beginning of one.
        paired = len(found) > 1 and found[-2].kind == PAIRED
        return Phrase(words[:-1]) if paired else Phrase(words, prefix=True)
    return Phrase(words, prefix=open_end and last.kind == WORD and len(last.term) >= PREFIX_CHARACTERS)


def _places(text: Sequence[Token], phrase: Phrase) -> Iterator[Range]:
    first, length = phrase.terms[0], len(phrase.terms)
    alone = length == 1 and phrase.prefix
    for at, token in enumerate(text):
        if token.term != first and not (alone and token.term.startswith(first)):
            continue
        if length > 1:
            there = [one.term for one in text[at : at + length]]
            if len(there) < length or tuple(there[:-1]) != phrase.terms[:-1]:
                continue
            if there[-1] != phrase.terms[-1] and not (phrase.prefix and there[-1].startswith(phrase.terms[-1])):
                continue
        end = text[at + length - 1]
        # Of a pair that one character has found, that character.
        half = end.kind == PAIRED and phrase.prefix and len(phrase.terms[-1]) == 1
        yield token.start, text[at + length].start if half else end.end

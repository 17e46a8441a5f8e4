"""A second search of messages, made as simply as it can be: look at every message, in full, for every question.

It shares nothing with the one that it judges but what the documentation says. Scripts are known by their blocks instead
of by the names of their characters, a whole text is normalized at once, and a phrase is a piece of a string.
"""

import unicodedata
from collections.abc import Sequence
from functools import cache

import msgspec

from chinwag.ports.search_index import Place

PAIRED = [
    *[(0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1100, 0x11FF), (0x1780, 0x17FF), (0x2E80, 0x2FDF), (0x3005, 0x3007)],
    *[(0x3040, 0x30FF), (0x3130, 0x318F), (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA960, 0xA97F)],
    *[(0xAC00, 0xD7FF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF)],
]
BARE = [(0x41, 0x24F), (0x370, 0x52F), (0x1D00, 0x1DBF), (0x1E00, 0x1FFF), (0x2C60, 0x2C7F), (0xA720, 0xA7FF)]
LOOSE_MARKS = [(0x300, 0x36F), (0x483, 0x489), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE00, 0xFE2F)]
FLAGS = (0x1F1E6, 0x1F1FF)
TONES = (0x1F3FB, 0x1F3FF)


class Said(msgspec.Struct, frozen=True):
    """A message, and what may be asked of it."""

    place: Place
    sender: str
    text: str
    mentioned: tuple[str, ...] = ()
    has: tuple[str, ...] = ()


def found(
    messages: Sequence[Said],
    query: str = "",
    *,
    conversations: Sequence[str] | None = None,
    sender: str | None = None,
    mentioned: str | None = None,
    has: Sequence[str] = (),
    since: int | None = None,
    until: int | None = None,
    before: Place | None = None,
) -> list[Place]:
    """The places of all messages that are asked for, the newest first."""
    pieces = _pieces(query)
    places = [
        one.place
        for one in messages
        if (conversations is None or one.place.conversation in conversations)
        and (sender is None or one.sender == sender)
        and (mentioned is None or mentioned in one.mentioned or "*" in one.mentioned)
        and all(each in one.has for each in has)
        and (since is None or one.place.sent_at >= since)
        and (until is None or one.place.sent_at < until)
        and (before is None or one.place < before)
        and all(holds(one.text, *piece) for piece in pieces)
    ]
    return sorted(places, reverse=True)


def holds(text: str, piece: str, may_go_on: bool) -> bool:
    """Whether `text` holds the words of `piece`, one after another. may_go_on: the last one may be a beginning."""
    whole, wanted = f" {plain(text)} ", plain(piece)
    at = whole.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        begins = whole[at - 1] == " " or _in(wanted[0], PAIRED)
        last = wanted.split(" ")[-1]
        goes_on = may_go_on and len(last) > 1 and unicodedata.category(last[0])[0] in "LMN"
        if begins and (whole[end] == " " or _in(wanted[-1], PAIRED) or goes_on):
            return True
        at = whole.find(wanted, at + 1)
    return False


@cache
def plain(text: str) -> str:
    """A text as its words, runs of scripts without spaces, and symbols, with one space between them."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept: list[str] = []
    for character in folded:
        parts = unicodedata.normalize("NFD", character) if _in(character, BARE) else character
        kept += [part for part in parts if not _unseen(part)]
    runs: list[str] = []
    kind = ""
    for character in kept:
        before, kind = kind, _kind(character)
        if kind == before and (kind in "wp" or (kind == "f" and len(runs[-1]) == 1)):
            runs[-1] += character
        elif kind != " ":
            runs.append(character)
    return " ".join(run if _in(run[0], PAIRED) else run[:64] for run in runs)


def _pieces(query: str) -> list[tuple[str, bool]]:
    parts = query.split('"')
    if len(parts) % 2 == 0:  # not closed: a character like any other
        parts = [*parts[:-2], parts[-2] + " " + parts[-1]]
    pieces: list[tuple[str, bool]] = []
    for at, part in enumerate(parts):
        pieces += [(part, False)] if at % 2 else [(word, False) for word in part.split()]
    if len(parts) % 2 and pieces and parts[-1].split():
        pieces[-1] = (pieces[-1][0], True)
    return [(piece, goes_on) for piece, goes_on in pieces if plain(piece)]


def _kind(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] in "LMN":
        return "p" if _in(character, PAIRED) else "w"
    if _in(character, [FLAGS]):
        return "f"
    return "s" if category[0] == "S" and ord(character) > 127 else " "


def _unseen(character: str) -> bool:
    return (
        unicodedata.category(character) == "Cf"
        or (_in(character, LOOSE_MARKS) and unicodedata.category(character)[0] == "M")
        or _in(character, [TONES])
    )


def _in(character: str, blocks: Sequence[tuple[int, int]]) -> bool:
    return any(first <= ord(character) <= last for first, last in blocks)

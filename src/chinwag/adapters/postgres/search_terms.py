"""A message as a tsvector, and what is wanted as a tsquery, both in PostgreSQL's own notation.

No text search configuration has a say in it. A word keeps its positions, by which phrases are found, where all of them
can be kept: PostgreSQL counts to 16,383, and keeps 256 of one word. Without them a message is proposed that has the
words of a phrase anywhere.
"""

from collections import defaultdict
from typing import Final

from chinwag.domain.message_query import Phrase
from chinwag.ports.search_index import Findable, Wanted

TERM, CONVERSATION, SENDER, MENTION, HAS = "t", "c", "f", "m", "h"
"""What stands before a term, for what it is."""
POSITIONS: Final = 4_000
"""Words of a message that keep their positions; of one with more, none."""
_REPEATED: Final = 255
"""How often a word may stand in such a message."""


def vector(row: Findable) -> tuple[str, bool]:
    """The terms of a message, and whether words have their positions."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for position, term in enumerate(row.terms, 1):
        places[term].append(str(position))
    placed = len(row.terms) <= POSITIONS and all(len(found) <= _REPEATED for found in places.values())
    return " ".join(
        [
            *(_quoted(TERM, term) + (":" + ",".join(found) if placed else "") for term, found in places.items()),
            _quoted(CONVERSATION, row.place.conversation),
            _quoted(SENDER, row.sender),
            *(_quoted(MENTION, account) for account in dict.fromkeys(row.mentioned)),
            *(_quoted(HAS, has) for has in dict.fromkeys(row.has)),
        ]
    ), placed


def words(wanted: Wanted, *, conversations: bool) -> str:
    """What a message must have, wherever it stands. conversations: whether to name these as well."""
    parts = [_quoted(TERM, term) + (":*" if prefix else "") for term, prefix in _terms(wanted)]
    if wanted.sender is not None:
        parts.append(_quoted(SENDER, wanted.sender))
    if wanted.mentioned is not None:
        parts.append(f"({_quoted(MENTION, wanted.mentioned)} | {_quoted(MENTION, '*')})")
    parts += [_quoted(HAS, has) for has in wanted.has]
    if conversations:
        parts.append("(" + " | ".join(_quoted(CONVERSATION, one) for one in dict.fromkeys(wanted.conversations)) + ")")
    return " & ".join(parts)


def phrases(wanted: Wanted) -> str:
    """What must follow one another; empty where no phrase has several words."""
    return " & ".join(f"({_phrase(phrase)})" for phrase in wanted.phrases if len(phrase.terms) > 1)


def _terms(wanted: Wanted) -> dict[tuple[str, bool], None]:
    return {
        (term, phrase.prefix and at == len(phrase.terms)): None
        for phrase in wanted.phrases
        for at, term in enumerate(phrase.terms, 1)
    }


def _phrase(phrase: Phrase) -> str:
    return " <-> ".join(_quoted(TERM, term) for term in phrase.terms) + (":*" if phrase.prefix else "")


def _quoted(kind: str, term: str) -> str:
    escaped = term.replace("\\", "\\\\").replace("'", "''").replace("\0", "\ue000")
    return f"'{kind}{escaped}'"

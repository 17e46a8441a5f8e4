"""A message as one line of terms for FTS5, and what is wanted as one of its expressions.

FTS5's tokenizer `ascii` parts a line at every character of ASCII that is neither letter nor digit, and makes letters
small. So each such character of a name is written as one of Unicode's private area.
"""

from collections.abc import Collection
from typing import Final

from chinwag.domain.message_query import Phrase
from chinwag.ports.search_index import Findable, Wanted

TERM, CONVERSATION, SENDER, MENTION, HAS = "t", "c", "f", "m", "h"
"""What stands before a term, for what it is."""
_SHIFT: Final = 20
"""Messages of one millisecond that have numbers of their own: 2 to the power of this."""
LAST: Final = (1 << 63) - 1
_MOST_MS: Final = 1 << 43
_PRIVATE: Final = {code: 0xE000 + code for code in range(128) if not (chr(code).isdigit() or "a" <= chr(code) <= "z")}


def first_of(sent_at: int) -> int:
    """The lowest number that a line of this time (milliseconds since 1970) can have."""
    return max(0, min(sent_at, _MOST_MS - 1)) << _SHIFT


def last_of(sent_at: int) -> int:
    """The highest one."""
    return first_of(sent_at) + (1 << _SHIFT) - 1


def time_of(line: int) -> int:
    """The time that made this number."""
    return line >> _SHIFT


def line(row: Findable, conversation: int) -> str:
    """The terms of a message in their order, then what it is besides."""
    return " ".join(
        [
            *(TERM + term for term in row.terms),
            f"{CONVERSATION}{conversation}",
            _name(SENDER, row.sender),
            *(_name(MENTION, account) for account in row.mentioned),
            *(_name(HAS, has) for has in row.has),
        ]
    )


def expression(wanted: Wanted, conversations: Collection[int]) -> str:
    """FTS5's expression for what is wanted, in one of `conversations` (none: in all); empty if nothing is asked for."""
    parts = [_phrase(phrase) for phrase in wanted.phrases]
    if wanted.sender is not None:
        parts.append(_quoted(_name(SENDER, wanted.sender)))
    if wanted.mentioned is not None:
        parts.append(f"({_quoted(_name(MENTION, wanted.mentioned))} OR {_quoted(_name(MENTION, '*'))})")
    parts += [_quoted(_name(HAS, has)) for has in wanted.has]
    if conversations:
        parts.append("(" + " OR ".join(_quoted(f"{CONVERSATION}{one}") for one in conversations) + ")")
    return " AND ".join(parts)


def _phrase(phrase: Phrase) -> str:
    return _quoted(" ".join(TERM + term for term in phrase.terms)) + (" *" if phrase.prefix else "")


def _name(kind: str, name: str) -> str:
    return kind + name.translate(_PRIVATE)


def _quoted(terms: str) -> str:
    return f'"{terms}"'

"""Words of our own that become part of a subject or of a path in an engine."""

import string
from typing import Final

_TOKEN: Final = frozenset(string.ascii_letters + string.digits + "-_")
_TOKEN_CHARACTERS: Final = 64


def token(word: str) -> str:
    """`word`, if it may stand between the dots of a subject, or the slashes of a path. Raises `ValueError` for anything
    else: what a person wrote never becomes part of one."""
    if not 0 < len(word) <= _TOKEN_CHARACTERS or not _TOKEN.issuperset(word):
        raise ValueError(f"not a word for a subject: {word!r}")
    return word

"""P9: read and delivered marks only move forward.

Each device, and the inbox at the end, has one account's mark in one conversation rising; and whoever asks for it is
told no less than what anybody had seen or had been told before it asked.
"""

from collections.abc import Iterator

from prove.index.index import Index
from prove.violation import Violation


def marks(index: Index) -> Iterator[Violation]:
    """P9."""
    for back in index.marks.back:
        conversation, account, kind = back.key
        yield Violation(
            "P9",
            f"the {kind} mark of {account} in {conversation} was {back.before}, and then {back.now} to {back.viewer}",
        )

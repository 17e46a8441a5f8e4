"""P9: read and delivered marks only move forward.

Each device, and the inbox at the end, has one account's mark in one conversation rising; and whoever asks for it is
told no less than what anybody had seen or had been told before it asked. What somebody reads who keeps that to itself
no event tells to anybody else, and no answer shows; nor is anybody's told or shown to it.
"""

from collections.abc import Iterator

from prove.index.index import Index
from prove.index.marks import Shown
from prove.violation import Violation


def marks(index: Index) -> Iterator[Violation]:
    """P9."""
    for back in index.marks.back:
        where, account, kind = back.key
        yield Violation(
            "P9",
            f"the {kind} mark of {account} in {where} was {back.before}, and then {back.now} to {back.viewer}",
        )
    for one in index.marks.leaked:
        yield _told(one, "was told")
    for one in index.marks.shown:
        conversation = index.conversations.named(one.conversation)
        row = conversation.rows.get(one.number)
        if row is None and not conversation.read_whole:
            continue  # the record ended before anybody had read that far (P12): it is not known who wrote it
        # Whoever wrote has read that far, and so has who came in, in a direct conversation from the beginning.
        if row is None or (one.account != row.sender and one.account not in row.subjects):
            yield _told(one, "was shown")


def _told(one: Shown, how: str) -> Violation:
    what = f"{one.viewer} {how} that {one.account} has read {one.conversation} up to {one.number}"
    return Violation("P9", f"{what}, and must not know")

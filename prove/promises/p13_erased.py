"""P13: what a message said before it was edited or deleted is given to nobody who asks after the ack.

By no interface: pages, changes, previews, searches, a catch-up that began after it. A text stands in the message and in
the event of its last edit, and nowhere else. And a device that was told of the message, and is there at the end, holds
it as it is then, not as it was.
"""

from collections.abc import Iterator
from itertools import pairwise

from prove.index.conversations import Conversation
from prove.index.index import Index
from prove.violation import Violation


def erased(index: Index) -> Iterator[Violation]:
    """P13, as far as messages go."""
    for stale in index.changed.stale:
        by = stale.settled
        yield _broken(
            f"{stale.reader} read {stale.text[:60]!r} as {stale.number} of {stale.conversation} in {stale.where}, "
            f"asked for after {by.send} was acked as {by.number}"
        )
    online = set(index.quiet.online) if index.quiet is not None else set()
    for conversation in index.conversations:
        yield from _held(index, conversation, online)
        yield from _left_standing(conversation)


def _held(index: Index, conversation: Conversation, online: set[str]) -> Iterator[Violation]:
    """Devices that are there and have not applied what came to them."""
    if not conversation.kept or not conversation.members.known:
        return
    changes = conversation.changes_of()
    for kept in conversation.kept:
        device = index.devices.by_name.get(kept.device)
        if device is None or kept.device not in online:
            continue
        for number in changes.get(kept.number, ()):
            if number > kept.changed and conversation.members.gets(device.account, number):
                row = conversation.rows[number]
                yield _broken(f"{kept.device} holds {kept.number} of {conversation.name} as before {number}: {row}")
                break


def _left_standing(conversation: Conversation) -> Iterator[Violation]:
    """Final histories in which the event of an edit still says what a later one took away; also of what never was
    acked, and so is not stale."""
    later: dict[int, int] = {}
    for numbers in conversation.changes_of().values():
        later |= dict(pairwise(numbers))
    for (number, text), reader in conversation.last_texts.items():
        if number in later:
            yield _broken(
                f"{reader} reads {text[:60]!r} at {number} of {conversation.name}, which {later[number]} took away"
            )


def _broken(what: str) -> Violation:
    return Violation("P13", what)

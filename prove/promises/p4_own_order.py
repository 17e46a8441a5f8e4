"""P4: what one device sends in a conversation, messages and changes of them, is numbered in the order in which it sent.

Two rules. A send that named another as the one before it (at its last try before its ack) stands after that one, and
only if that one stands at all: whoever drives a run names the nearest before it that has no answer, so that one stands
before whatever an earlier try named. And of two messages of a device the one that was first tried earlier has the lower
number: unless the earlier was refused, and was not acked when the later was sent; then the device itself has let it
pass.
"""

from collections.abc import Iterator

from prove.index.changed import BETWEEN
from prove.index.conversations import Conversation
from prove.index.index import Index
from prove.index.sends import Send
from prove.violation import Violation


def own_order(index: Index) -> Iterator[Violation]:
    """P4."""
    for conversation in index.conversations:
        placed: dict[int, int] = {}
        last: dict[str, tuple[Send, int]] = {}
        whole = any(history.head is not None for history in conversation.histories.values())
        for number in sorted(conversation.rows):
            row = conversation.rows[number]
            send = row.send
            if send is None or (row.change and row.change not in BETWEEN):
                continue
            placed.setdefault(send.turn, number)
            if send.after and whole:
                yield from _after(index, conversation, send, number, placed)
            before = last.get(send.device)
            if before is None or before[0].turn <= send.turn:
                last[send.device] = (send, number)
            elif not send.refused or send.acked_turn <= before[0].turn:
                yield Violation(
                    "P4",
                    f"{send} stands at {number} of {conversation.name}, and {before[0].id}, which was sent later, at "
                    f"{before[1]} ({send.fate()}; {before[0].fate()})",
                )


def _after(
    index: Index, conversation: Conversation, send: Send, number: int, placed: dict[int, int]
) -> Iterator[Violation]:
    """placed: where each send of a lower number stands, by its turn."""
    before = index.sends.find(conversation.name, send.device, send.after)
    if before is not None and before.change == "reaction" and not before.never and before.number < number:
        return  # it may have changed nothing, and then it stands nowhere
    if before is None or before.turn not in placed:
        yield Violation(
            "P4",
            f"{send} stands at {number} of {conversation.name}, and not after {send.after}, as it was sent "
            f"({send.fate()}; {_known(conversation, send.after, before)})",
        )


def _known(conversation: Conversation, name: str, before: Send | None) -> str:
    """What is known of the send `name`, and where it stands."""
    if before is None:
        return f"{name}: never tried"
    at = next((number for number, row in sorted(conversation.rows.items()) if row.send is before), 0)
    return f"{before.fate()}, stands at {at}" if at else f"{before.fate()}, stands nowhere"

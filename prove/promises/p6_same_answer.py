"""P6: the same send gets the same answer, for ever.

Whatever is acked under one key (conversation, device, client id) is acked with one number, by whichever session or
request it went; and it stands at one number only. What is refused for ever is refused with one code, and never acked.
Something else under that key is refused as `id_reused`, and nothing
but that is: unless what was sent under it was edited or deleted. Then what would tell the two apart is gone (P13), and
the answer is the first one's.
"""

from collections.abc import Iterator

from prove.facts import Reused
from prove.index.changed import OF_MESSAGES
from prove.index.index import Index
from prove.violation import Violation


def same_answer(index: Index) -> Iterator[Violation]:
    """P6."""
    for send, elsewhere, number in index.sends.second_numbers:
        yield Violation(
            "P6",
            f"{send} was acked as {send.number} of {send.conversation}, and again as {number} of {elsewhere}",
        )
    for send, otherwise in index.sends.contradicted:
        yield Violation("P6", f"{send} was refused for ever as {send.never}, and {otherwise} as well")
    for fact in index.sends.reused:
        if fact.code != "id_reused" and not fact.retryable:
            if not fact.code and _was_changed(index, fact):
                continue
            came = f"refused as {fact.code}" if fact.code else "acked"
            yield Violation("P6", f"something else under {fact.id} of {fact.device} was {came}, not as id_reused")
    for send in index.sends.mistaken:
        yield Violation("P6", f"{send} was refused as something else under its own id")
    for conversation in index.conversations:
        places: dict[int, int] = {}
        for number, row in conversation.contents():
            if row.send is None:
                continue
            first = places.setdefault(row.send.turn, number)
            if first != number:
                yield Violation("P6", f"{row.send} stands at {first} and at {number} of {conversation.name}")


def _was_changed(index: Index, fact: Reused) -> bool:
    """Whether what was sent under this id, a message or an edit, was edited or deleted later."""
    send = index.sends.find(fact.conversation, fact.device, fact.id)
    if send is None or not send.number:
        return False
    subjects = index.sends.subjects(send) if send.change in OF_MESSAGES else (str(send.number),)
    changes = index.conversations.named(fact.conversation).changes_of()
    return any(number > send.number for subject in subjects for number in changes.get(int(subject), ()))

"""P6: the same send gets the same answer, for ever.

Whatever is acked under one key (conversation, device, client id) is acked with one number, by whichever session or
request it went; and it stands at one number only. What is refused for ever is refused with one code, and never acked.
Something else under that key is refused as `id_reused`, and nothing
but that is.
"""

from collections.abc import Iterator

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

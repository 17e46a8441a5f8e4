"""P7: no silent gap.

In a session positions go on one by one, from the cursor that it began with or from where a `reset` sent it. A session
begins no further on than what its device has. A position holds one thing, for all devices and for ever. Who is there at
the end has everything up to the end of its inbox. What is fed of a large group goes on number by number. Nor does the
search pass over anything: who looks for a word finds each message that it may read and that has it now, and no other.
"""

from collections import defaultdict
from collections.abc import Iterator

from prove.facts import Searched
from prove.index.index import Index
from prove.ranges import without, written
from prove.violation import Violation


def gaps(index: Index) -> Iterator[Violation]:
    """P7."""
    for number in sorted(set(index.devices.strays)):
        yield _broken(f"session {number} brought events and never began")
    for device in index.devices.by_name.values():
        for gap in device.gaps:
            yield _broken(f"{device.name}, session {gap.session}: position {gap.came} came after {gap.after}")
        for hole in device.holes:
            yield _broken(
                f"{device.name}, session {hole.session}: {hole.came} of {hole.conversation} was fed after {hole.after}"
            )
    for name in index.quiet.online if index.quiet is not None else ():
        if (found := index.devices.by_name.get(name)) is None:
            continue
        end = index.inboxes.of(found.account).end
        if end is None or end.epoch != found.epoch:
            continue
        if missing := without([(1, end.head)], found.had):
            yield _broken(f"{name} has no {written(missing)} of its inbox, which ends at {end.head}")
    yield from _found(index)
    for inbox in index.inboxes:
        for other in inbox.different:
            reader = other.reader or "the inbox at the end"
            yield _broken(
                f"position {other.position} of {inbox.account}: {reader} has {other.entry}, another something else"
            )
        end = inbox.end
        if end is not None and (missing := without([(end.floor + 1, end.head)], inbox.positions)):
            yield _broken(f"the inbox of {inbox.account} has no {written(missing)}")


def _found(index: Index) -> Iterator[Violation]:
    asked: dict[str, list[Searched]] = defaultdict(list)
    for one in index.searched:
        asked[one.word].append(one)
    if not asked:
        return
    due: dict[tuple[str, str], set[tuple[str, int]]] = defaultdict(set)
    readers = {word: [one.reader for one in searches] for word, searches in asked.items()}
    for conversation in index.conversations:
        for number, changed, text in conversation.texts():
            for word in asked.keys() & text.split():
                for reader in readers[word]:
                    history = conversation.histories.get(reader)
                    if history is not None and number in history.numbers and (changed or number) in history.numbers:
                        due[word, reader].add((conversation.name, number))
    for word, searches in asked.items():
        for one in searches:
            found = set(one.found)
            if missing := sorted(due[word, one.reader] - found):
                yield _broken(f"{one.reader} looks for {word} and does not find {missing[:5]}")
            if more := sorted(found - due[word, one.reader]):
                yield _broken(f"{one.reader} looks for {word} and finds {more[:5]} besides")


def _broken(what: str) -> Violation:
    return Violation("P7", what)

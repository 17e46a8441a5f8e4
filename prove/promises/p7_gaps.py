"""P7: no silent gap.

In a session positions go on one by one, from the cursor that it began with or from where a `reset` sent it. A session
begins no further on than what its device has. A position holds one thing, for all devices and for ever. Who is there at
the end has everything up to the end of its inbox.
"""

from collections.abc import Iterator

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
    for name in index.quiet.online if index.quiet is not None else ():
        if (found := index.devices.by_name.get(name)) is None:
            continue
        end = index.inboxes.of(found.account).end
        if end is None or end.epoch != found.epoch:
            continue
        if missing := without([(1, end.head)], found.had):
            yield _broken(f"{name} has no {written(missing)} of its inbox, which ends at {end.head}")
    for inbox in index.inboxes:
        for other in inbox.different:
            reader = other.reader or "the inbox at the end"
            yield _broken(
                f"position {other.position} of {inbox.account}: {reader} has {other.entry}, another something else"
            )
        end = inbox.end
        if end is not None and (missing := without([(end.floor + 1, end.head)], inbox.positions)):
            yield _broken(f"the inbox of {inbox.account} has no {written(missing)}")


def _broken(what: str) -> Violation:
    return Violation("P7", what)

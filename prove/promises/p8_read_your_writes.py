"""P8: read your writes.

What was asked for right after an ack was there: in history, in the inbox, and by its send key. And an inbox reaches
the events of a conversation in order and passes over none.
"""

from collections.abc import Iterator

from prove.index.inboxes import Inbox
from prove.index.index import Index
from prove.promises.p1_lost import kept_from
from prove.ranges import Numbers, within, without, written
from prove.violation import Violation


def read_your_writes(index: Index) -> Iterator[Violation]:
    """P8."""
    for probe in index.probes:
        if probe.found != probe.number:
            found = f"there as {probe.found}" if probe.found else "not there"
            yield _broken(
                f"{probe.id} of {probe.device} was acked as {probe.number} of {probe.conversation}: "
                f"in the {probe.where} of {probe.reader} it was {found}"
            )
    for inbox in index.inboxes:
        yield from _in_order(inbox)
        if inbox.end is not None:
            yield from _none_passed_over(index, inbox)


def _in_order(inbox: Inbox) -> Iterator[Violation]:
    for name, posted in inbox.posted.items():
        before = 0
        for number, position in zip(posted.order, posted.positions, strict=True):
            if number <= before:
                yield _broken(f"the inbox of {inbox.account} has {number} of {name} at {position}, after {before}")
            before = number


def _none_passed_over(index: Index, inbox: Inbox) -> Iterator[Violation]:
    for conversation in index.conversations:
        audience = conversation.members.audience.get(inbox.account)
        if audience is None:
            continue
        posted = inbox.posted.get(conversation.name)
        due = within(audience.ranges(), kept_from(inbox, conversation.name), conversation.head)
        if missing := without(due, Numbers() if posted is None else posted.numbers):
            yield _broken(f"the inbox of {inbox.account} passes over {written(missing)} of {conversation.name}")


def _broken(what: str) -> Violation:
    return Violation("P8", what)

"""P5: once quiet, all devices of all members hold the same.

A device that is there at the end has seen, or has loaded, everything that its account may read, and nothing twice. And
two devices of one account at one position hold equal states of each conversation.
"""

from collections.abc import Iterator

from prove.index.conversations import Conversation
from prove.index.devices import Device
from prove.index.inboxes import Inbox
from prove.index.index import Index
from prove.ranges import Numbers, Range, within, without, written
from prove.violation import Violation


def convergence(index: Index) -> Iterator[Violation]:
    """P5, for the devices that the record says are there at the end."""
    for device in index.devices.by_name.values():
        for again in device.again:
            if again.twice:
                yield _broken(
                    f"{device.name} got {again.number} of {again.conversation} twice, again at {again.position}"
                )
    for name in index.quiet.online if index.quiet is not None else ():
        if (found := index.devices.by_name.get(name)) is None:
            continue
        inbox = index.inboxes.of(found.account)
        if inbox.end is None:
            continue
        for conversation in index.conversations:
            if missing := without(_due(conversation, found, inbox), found.known(conversation.name)):
                yield _broken(f"{name} never got {written(missing)} of {conversation.name}")
    yield from _states(index)


def _due(conversation: Conversation, device: Device, inbox: Inbox) -> list[Range]:
    """The numbers that a device must know at the end: all that its account may read; for one that never loaded
    anything, what was posted after it began."""
    if device.since is None:
        readable = conversation.members.readable.get(device.account)
        return [] if readable is None else within(readable.ranges(), 1, conversation.head)
    due = Numbers()
    posted = inbox.posted.get(conversation.name)
    if posted is not None:
        for number, position in zip(posted.order, posted.positions, strict=True):
            if position > device.since:
                due.add(number)
    return list(due.ranges())


def _states(index: Index) -> Iterator[Violation]:
    first: dict[tuple[str, str, int], tuple[str, str]] = {}
    for state in index.states:
        device = index.devices.by_name.get(state.device)
        if device is None:
            continue
        name, kept = first.setdefault((device.account, state.place, state.position), (state.device, state.kept))
        if kept != state.kept:
            yield _broken(f"{name} and {state.device} hold {state.place} differently: {kept!r} and {state.kept!r}")


def _broken(what: str) -> Violation:
    return Violation("P5", what)

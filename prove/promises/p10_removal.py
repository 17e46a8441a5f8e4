"""P10: who is removed gets no event after that one, and keeps what it could read; who is revoked is closed and refused.

Who is in, and may read what, is reckoned from the notices of the conversation. Of marks nothing is said here: for a
second one may still reach whoever was removed.
"""

from collections.abc import Iterator
from typing import Final

from prove.facts import Fault, Revoked
from prove.index.conversations import Conversation
from prove.index.index import Index
from prove.ranges import Numbers, Range, without, written
from prove.violation import Violation

SOON: Final = 1000
"""Milliseconds within which a revocation is felt everywhere."""


def removal(index: Index) -> Iterator[Violation]:
    """P10."""
    for conversation in index.conversations:
        if conversation.members.known:
            yield from _events(index, conversation)
            yield from _histories(index, conversation)
            yield from _texts(conversation)
    for revoked in index.revoked:
        yield from _closed_and_refused(index, revoked)


def _events(index: Index, conversation: Conversation) -> Iterator[Violation]:
    """Nobody gets an event of a number at which it was no member, nor a copy of one of a large group that does not
    concern it."""
    name, audience = conversation.name, conversation.members.audience
    for device in index.devices.by_name.values():
        seen = device.seen.get(name)
        if seen and (more := without(seen.ranges(), audience.get(device.account, Numbers()))):
            yield _broken(
                f"{device.name} got {written(more)} of {name}, {_not_for(conversation, device.account, more)}"
            )
        fed = device.fed.get(name)
        if fed and (more := without(fed.ranges(), conversation.members.readable.get(device.account, Numbers()))):
            yield _broken(f"{device.name} was fed {written(more)} of {name}, which {device.account} may not read")
    for inbox in index.inboxes:
        posted = inbox.posted.get(name)
        if posted and (more := without(posted.numbers.ranges(), audience.get(inbox.account, Numbers()))):
            why = _not_for(conversation, inbox.account, more)
            yield _broken(f"{written(more)} of {name} is in the inbox of {inbox.account}, {why}")


def _not_for(conversation: Conversation, account: str, numbers: list[Range]) -> str:
    inside = conversation.members.inside.get(account, Numbers())
    if without(numbers, inside):
        return f"where {account} was no member"
    return "whom that does not concern: the group was large"


def _histories(index: Index, conversation: Conversation) -> Iterator[Violation]:
    """Everybody reads what it may, and no more; here of former members, that they still do."""
    name, members = conversation.name, conversation.members
    for reader, history in conversation.histories.items():
        if more := without(history.numbers.ranges(), members.readable.get(reader, Numbers())):
            yield _broken(f"{reader} reads {written(more)} of {name}, which it may not")
    for account, readable in members.readable.items():
        if members.present(account) or index.inboxes.of(account).end is None:
            continue
        kept = conversation.histories.get(account)
        if gone := without(readable.ranges(), Numbers() if kept is None else kept.numbers):
            yield _broken(f"{account}, which is out of {name}, does not read {written(gone)}, which it could")


def _texts(conversation: Conversation) -> Iterator[Violation]:
    """Nobody is told of a message that it may not read, nor what was written into one while it was no member."""
    name, readable = conversation.name, conversation.members.readable
    for one in conversation.readings:
        may = readable.get(one.account, Numbers())
        if one.number not in may:
            yield _broken(f"{one.account} was told of {one.number} of {name} by {one.where}, which it may not read")
        elif one.changed and one.changed not in may:
            yield _broken(
                f"{one.account} was told by {one.where} what {one.number} of {name} says since {one.changed}, "
                "which it may not read"
            )


def _closed_and_refused(index: Index, revoked: Revoked) -> Iterator[Violation]:
    deadline = _deadline(index, revoked.at)
    device = index.devices.by_name.get(revoked.device)
    for session in device.sessions if device is not None else ():
        if session.transport not in ("socket", "stream"):
            continue
        what = f"session {session.number} of {revoked.device}, which was revoked at {revoked.at},"
        if session.began_at > deadline:
            yield _broken(f"{what} began at {session.began_at}")
        elif session.ended_at is None:
            yield _broken(f"{what} was never closed")
        elif session.ended_at > deadline:
            yield _broken(f"{what} was closed at {session.ended_at}")
    for tried in index.tokens:
        if tried.device == revoked.device and tried.at > deadline and not tried.refused:
            yield _broken(f"the token of {revoked.device} was taken in a {tried.where} at {tried.at}")


def _deadline(index: Index, at: int) -> int:
    """Until when a revocation at `at` must be felt: a server that is killed or stopped just then has until a second
    after it is back."""
    deadline = at + SOON
    down: int | None = None
    for step in index.disturbances:
        if isinstance(step, Fault):
            down = step.at if down is None else down
        elif down is not None:
            if down <= deadline and step.at >= at:
                deadline = step.at + SOON
            down = None
    return deadline


def _broken(what: str) -> Violation:
    return Violation("P10", what)

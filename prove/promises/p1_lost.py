"""P1: no acked message is lost.

What an ack named by a number stands at that number: in the final history of everybody who may read it, and in the
inbox of everybody whom it was for. A reaction or a pin that changes nothing is acked with a number that was there: as
of that one, what it asks for is so.
"""

from collections import defaultdict
from collections.abc import Iterator

from prove.index.changed import SWITCHES
from prove.index.conversations import Conversation
from prove.index.inboxes import Inbox
from prove.index.index import Index
from prove.index.sends import Send
from prove.ranges import Numbers, Range, within, without
from prove.violation import Violation


def lost(index: Index) -> Iterator[Violation]:
    """P1, for every first ack of a message or a change. (That further acks say the same is P6.)"""
    acked: dict[str, dict[int, Send]] = defaultdict(dict)
    for send in index.sends.all():
        if not send.number:
            continue
        conversation = index.conversations.named(send.conversation)
        standing = conversation.standing(send.number)
        # Of a record that ended before the end was read nothing is known but what somebody happened to see (P12).
        read = conversation.read_whole or index.inboxes.of(send.account).end is not None
        if send.change in SWITCHES and not any(row.send is send for row in standing):
            if not all(conversation.switches.holds(send, one, send.number) for one in index.sends.subjects(send)):
                yield _broken(f"{send} was acked as {send.number} of {conversation.name}, and is not so there")
            continue
        acked[send.conversation][send.number] = send
        if not standing and read:
            yield _broken(f"{send} was acked as {send.number} of {send.conversation}; nobody has read that number")
        for row in standing:
            if row.send is not send:
                yield _broken(f"{send} was acked as {send.number} of {send.conversation}; there is {row}")
    for fact in index.sends.of_nothing:
        yield _broken(f"{fact.id} of {fact.device} was acked as {fact.number} of {fact.conversation}, and never sent")
    for name, sends in acked.items():
        conversation = index.conversations.named(name)
        if not conversation.members.known:
            continue
        numbers = Numbers()
        for number in sorted(sends):
            numbers.add(number)
        for inbox in index.inboxes:
            if inbox.end is None:
                continue
            for first, last in _not_in_history(conversation, inbox, numbers):
                for number in range(first, last + 1):
                    yield _broken(f"{sends[number]} was acked as {number}: {inbox.account} cannot read it in {name}")
            for first, last in _not_in_inbox(conversation, inbox, numbers):
                for number in range(first, last + 1):
                    yield _broken(f"{sends[number]} was acked as {number} of {name}: not in {inbox.account}'s inbox")


def _not_in_history(conversation: Conversation, inbox: Inbox, acked: Numbers) -> list[Range]:
    """Acked numbers that the inbox's account may read, and that its history does not have."""
    readable = conversation.members.readable.get(inbox.account, Numbers())
    history = conversation.histories.get(inbox.account)
    have = Numbers() if history is None else history.numbers
    return _both(without(readable.ranges(), have), acked)


def _not_in_inbox(conversation: Conversation, inbox: Inbox, acked: Numbers) -> list[Range]:
    """Acked numbers of events for the inbox's account that its inbox does not have, and that cannot be too old to be
    kept."""
    audience = conversation.members.audience.get(inbox.account, Numbers())
    posted = inbox.posted.get(conversation.name)
    kept = kept_from(inbox, conversation.name)
    have = Numbers() if posted is None else posted.numbers
    return _both(without([(max(first, kept), last) for first, last in audience.ranges() if last >= kept], have), acked)


def kept_from(inbox: Inbox, conversation: str) -> int:
    """From which number of a conversation on an inbox must have everything: from the first that it has, if it was
    trimmed."""
    posted = inbox.posted.get(conversation)
    if inbox.end is None or not inbox.end.floor:
        return 1
    return 1 << 61 if posted is None else posted.numbers.first


def _both(ranges: list[Range], numbers: Numbers) -> list[Range]:
    return [both for first, last in ranges for both in within(numbers.ranges(), first, last)]


def _broken(what: str) -> Violation:
    return Violation("P1", what)

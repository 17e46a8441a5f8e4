"""P3: one order.

Every reader of a conversation finds the same event at the same number, live and at the end; numbers begin at 1 and
none is left out; ordinals count the messages among them; pages and devices give them rising. Pages of messages and
notices leave out what changes messages, and of a wide group who else comes and goes, and nothing else; the reactions
that they give are what the events before say, and as many as are listed where no event says it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

from prove.index.changed import BETWEEN, SWITCHES
from prove.index.conversations import Conversation
from prove.index.index import Index
from prove.index.pulled import hidden
from prove.index.sends import Send
from prove.ranges import Numbers, within, without, written
from prove.violation import Violation

LISTED: Final = 10
"""Accounts that a page names of each reaction."""


def one_order(index: Index) -> Iterator[Violation]:
    """P3."""
    for conversation in index.conversations:
        yield from _one_event_a_number(conversation)
        yield from _no_holes(conversation)
        yield from _ordinals(conversation)
        yield from _pages(conversation)
        yield from _shown(conversation)
        yield from _reactions(conversation)
        yield from _listed(conversation)
    for device in index.devices.by_name.values():
        for again in device.again:
            if not again.twice:
                yield _broken(
                    f"{again.number} of {again.conversation} came to {device.name} at position {again.position}, "
                    "after a later number"
                )
    yield from _one_ack_a_number(index)


def _one_event_a_number(conversation: Conversation) -> Iterator[Violation]:
    for number, others in conversation.others.items():
        for other in others:
            yield _broken(
                f"at {number} of {conversation.name} {other.reader} reads {other.row}; "
                f"others read {conversation.rows[number]}"
            )


def _no_holes(conversation: Conversation) -> Iterator[Violation]:
    """Nobody's final history lacks a number between what it may read. Live, P7 and P5 see to it."""
    name = conversation.name
    everything = Numbers()
    for number in sorted(conversation.rows):
        everything.add(number)
    if conversation.read_whole and (missing := without([(1, everything.last)], everything)):
        yield _broken(f"{name} has no {written(missing)}")
    for reader, history in conversation.histories.items():
        if history.head is None or not conversation.members.known:
            continue
        readable = within(conversation.members.readable.get(reader, Numbers()).ranges(), 1, everything.last)
        if missing := without(readable, history.numbers):
            yield _broken(f"{reader} reads no {written(missing)} of {name}, which others read")


def _ordinals(conversation: Conversation) -> Iterator[Violation]:
    before = messages = 0
    for number in sorted(conversation.rows):
        row = conversation.rows[number]
        messages += not row.change
        if row.ordinal != messages and number == before + 1:
            yield _broken(f"{number} of {conversation.name} is message {messages} and says that it is {row.ordinal}")
        before, messages = number, row.ordinal


def _pages(conversation: Conversation) -> Iterator[Violation]:
    for reader, history in conversation.histories.items():
        for number in history.out_of_order:
            yield _broken(f"{reader} reads {number} of {conversation.name} after a later number")
        if history.head is not None and history.head != history.numbers.last:
            yield _broken(
                f"{reader} is told that {conversation.name} ends at {history.head}, and reads up to "
                f"{history.numbers.last}"
            )


def _shown(conversation: Conversation) -> Iterator[Violation]:
    """Against the histories, which are read by all changes."""
    passing = hidden(conversation.rows) if conversation.paged else ()
    for page in conversation.paged:
        history = conversation.histories.get(page.reader)
        if history is None or history.head is None:
            continue
        between = within(history.numbers.ranges(), page.first, page.last)
        due = {
            number
            for first, last in between
            for number in range(first, last + 1)
            if conversation.rows[number].change not in BETWEEN
            and (number not in passing or page.reader in conversation.rows[number].subjects)
        }
        if due != set(page.numbers) or len(due) != len(page.numbers):
            yield _broken(
                f"pages gave {page.reader} of {conversation.name} from {page.first} to {page.last} "
                f"{sorted(set(page.numbers) - due)[:5]} besides, and not {sorted(due - set(page.numbers))[:5]}"
            )


def _reactions(conversation: Conversation) -> Iterator[Violation]:
    """For whoever may read all that has been since the message: others are told of a part. A message that was deleted
    after the page's head may have none: they go with its text, which was read before them."""
    switches = conversation.switches
    gone = {
        int(subject): number
        for number, row in conversation.rows.items()
        if row.change == "deleted"
        for subject in row.subjects
    }
    for now in conversation.reactions:
        readable = conversation.members.readable.get(now.reader, Numbers())
        told: dict[int, dict[str, tuple[int, bool, tuple[str, ...]]]] = {number: {} for number in now.messages}
        for number, what, count, mine, by in now.on:
            told[number][what] = (count, mine, by)
        for number in now.messages if now.head <= switches.counted else ():
            if without([(number, now.head)], readable):
                continue
            on = switches.on_message(number, now.head)
            due = {what: (len(all_), now.reader in all_, tuple(all_[:LISTED])) for what, all_ in on.items()}
            if told[number] != due and (told[number] or gone.get(number, 0) <= now.head):
                yield _broken(
                    f"a page tells {now.reader} that as of {now.head} on {number} of {conversation.name} is "
                    f"{told[number]}; events say {due}"
                )


def _listed(conversation: Conversation) -> Iterator[Violation]:
    """For whoever was in all the time: others are told of a part."""
    for now in conversation.listed:
        if without([(1, now.number)], conversation.members.inside.get(now.reader, Numbers())):
            continue
        counted = {what: (count, mine) for what, count, mine in now.counted}
        on = Counter(what for _, what in set(now.listed))
        due = {what: (count, (now.reader, what) in now.listed) for what, count in on.items()}
        if counted != due or len(set(now.listed)) != len(now.listed):
            yield _broken(
                f"{now.reader} is told that on {now.number} of {conversation.name} is {counted}; listed are "
                f"{list(now.listed)}"
            )


def _one_ack_a_number(index: Index) -> Iterator[Violation]:
    first: dict[str, dict[int, Send]] = defaultdict(dict)
    for send in index.sends.all():
        if send.change in SWITCHES and index.conversations.named(send.conversation).stands_elsewhere(send):
            continue  # it changed nothing
        if send.number and (other := first[send.conversation].setdefault(send.number, send)) is not send:
            yield _broken(f"{other} and {send} were both acked as {send.number} of {send.conversation}")


def _broken(what: str) -> Violation:
    return Violation("P3", what)

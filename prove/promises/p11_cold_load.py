"""P11: resume equals cold load.

What a device kept through events equals what it loads afresh at the same position. Whoever drives a run writes both as
texts that are equal if and only if the states are. And what a member loads of the messages that speak to it is what
they say: the newest above its read mark whose text, as it is now, names it, and none that is deleted.
"""

from collections.abc import Iterator
from typing import Final

from prove.facts import MentionsNow
from prove.index.conversations import Conversation
from prove.index.index import Index
from prove.index.sends import Send
from prove.violation import Violation

UNREAD: Final = 100
"""Messages that speak to one of which a view tells."""


def cold_load(index: Index) -> Iterator[Violation]:
    """P11."""
    for state in index.states:
        if state.kept != state.loaded:
            yield Violation(
                "P11",
                f"{state.device} keeps {state.place} as {state.kept!r}; at position {state.position} it loads "
                f"{state.loaded!r}",
            )
    for conversation in index.conversations:
        yield from _mentions(conversation)


def _mentions(conversation: Conversation) -> Iterator[Violation]:
    if not conversation.mentions or not conversation.members.known:
        return
    changes = conversation.changes_of()
    for now in conversation.mentions:
        if now.head > conversation.switches.whole:
            continue
        due = [
            number
            for number in range(now.read + 1, now.head + 1)
            if not conversation.rows[number].change and _speaks(conversation, number, changes.get(number, []), now)
        ][-UNREAD:]
        if due != sorted(now.messages):
            yield Violation(
                "P11",
                f"{now.reader}, who has read {conversation.name} up to {now.read}, is told that of those up to "
                f"{now.head} {list(now.messages)} speak to it; they are {due}",
            )


def _speaks(conversation: Conversation, number: int, changes: list[int], now: MentionsNow) -> bool:
    """Whether a message named the reader, or answered it, when it was written or when it was changed last, and the
    reader was in."""
    last = max([number, *(change for change in changes if change <= now.head)])
    said = conversation.rows[last]
    if said.change == "deleted" or said.send is None or conversation.rows[number].sender == now.reader:
        return False
    return _to(conversation, number, said.send, now.reader) and conversation.members.gets(now.reader, last)


def _to(conversation: Conversation, number: int, said: Send, reader: str) -> bool:
    sent = conversation.rows[number].send
    answered = None if sent is None else conversation.rows.get(sent.reply_to)
    return reader in said.mentions or (answered is not None and answered.sender == reader)

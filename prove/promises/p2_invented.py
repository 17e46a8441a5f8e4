"""P2: nothing is invented.

Each message that anybody reads, live or at the end, was sent: with this text, under this id, by this device of the
member that it names, in this conversation; and what it says since it was changed, its author wrote there by an edit.
Each notice is a change that was asked for, or one that the server makes by itself: how a group is delivered, and an
owner where there is none. Each reaction, each pin and each change of the delivery is one more or one less, and says
nothing that was so before. That it stands there only once is P6; that everybody reads the same is P3.
"""

from collections.abc import Iterator
from typing import Final

from prove.index.changed import OF_MESSAGES, SWITCHES
from prove.index.conversations import Conversation, Version
from prove.index.index import Index
from prove.index.pulled import idle_turns
from prove.index.rows import Row
from prove.violation import Violation

SERVER: Final = "~"
"""How the device begins that does what nobody has asked for: no other does."""


def invented(index: Index) -> Iterator[Violation]:
    """P2, for each different thing that was read at each number."""
    for conversation in index.conversations:
        changes_known = conversation.name in index.sends.known_groups or conversation.direct is not None
        for number, row in conversation.contents():
            if (row.change and not changes_known) or _by_itself(row):
                continue
            for wrong in _wrong(conversation, number, row, index):
                yield Violation("P2", f"{number} of {conversation.name} is {row}: {wrong}")
        for version, reader in conversation.versions.items():
            if wrong_change := _not_asked(conversation, version, index):
                yield Violation(
                    "P2",
                    f"{reader} reads {version.text[:60]!r} at {version.number} of {conversation.name}, changed by "
                    f"{version.changed}: {wrong_change}",
                )
        for (number, text), reader in conversation.new_texts.items():
            row = conversation.rows[number]
            if row.send is None or row.send.text != text:
                yield Violation(
                    "P2", f"{reader} reads at {number} of {conversation.name} an edit to {text[:60]!r}: it is {row}"
                )
        for number in idle_turns(conversation.rows):
            yield Violation(
                "P2", f"{number} of {conversation.name} is {conversation.rows[number]}: it was delivered so before"
            )
        for again in conversation.switches.again:
            yield Violation(
                "P2",
                f"{again.number} of {conversation.name} is {conversation.rows[again.number]}: it was so since "
                f"{again.since}",
            )
    for send in index.sends.twice:
        yield Violation("P2", f"the run's driver used the id of {send} in {send.conversation} twice: it proves nothing")


def _wrong(conversation: Conversation, number: int, row: Row, index: Index) -> Iterator[str]:
    send = row.send
    if send is None:
        yield "nobody sent that"
        return
    if row.sender != send.account:
        yield f"it was sent by {send.account}"
    if row.change != send.change:
        yield f"it was sent as {send}"
    elif row.change:
        if row.subjects != tuple(sorted(index.sends.subjects(send))):
            yield f"it was asked for {', '.join(index.sends.subjects(send))}"
        elif row.change in SWITCHES and row.text != send.text:
            yield f"it was asked for as {send.text!r}"
        elif wrong := _not_ones_own(conversation, row):
            yield wrong
    elif row.text != send.text:
        yield f"it was sent as {send.text[:60]!r}"
    if send.never:
        yield f"it was refused as {send.never}"
    if conversation.members.known and not _may_write(conversation, row, number):
        yield f"{row.sender} was no member then"


def _by_itself(row: Row) -> bool:
    """Whether it is what the server, and nobody else, asks of a group."""
    return row.device.startswith(SERVER) and row.change in ("delivery", "role")


def _not_asked(conversation: Conversation, version: Version, index: Index) -> str:
    """Why this is not what a message said; nothing if it is."""
    if (version.changed or version.number) not in conversation.rows and not conversation.read_whole:
        # The record ended before anybody had read that far: of the text alone it can be said whose it is.
        written = index.sends.wrote(conversation.name, version.sender, version.text)
        return "" if written else f"{version.sender} wrote that nowhere"
    if not version.changed:
        row = conversation.rows.get(version.number)
        sent = None if row is None else row.send
        return "" if sent is not None and sent.text == version.text else f"there is {row}"
    row = conversation.rows.get(version.changed)
    if row is None or row.change not in OF_MESSAGES or row.subjects != (str(version.number),):
        return f"there is {row}"
    if row.change == "deleted":
        return f"a deleted message says {version.text[:60]!r}" if version.text else ""
    if row.send is None or row.send.text != version.text:
        return f"it was edited as {row.send}"
    return "" if row.sender == version.sender else f"it was edited by {row.sender}"


def _not_ones_own(conversation: Conversation, row: Row) -> str:
    """Why whoever changed a message may not; nothing if it may, or if that is not known here: who is above whom in a
    group."""
    for subject in row.subjects if row.change in OF_MESSAGES else ():
        target = conversation.rows.get(int(subject))
        if target is None or target.change:
            return f"{subject} is {target}"
        if target.sender != row.sender and (row.change == "edited" or conversation.direct is not None):
            return f"{subject} is {target.sender}'s"
    return ""


def _may_write(conversation: Conversation, row: Row, number: int) -> bool:
    """Whether the sender was in when it sent: at the number before, or this is what brought it in."""
    members = conversation.members
    if row.change in ("created", "joined"):
        return members.gets(row.sender, number)
    return members.gets(row.sender, number) and (number == 1 or members.gets(row.sender, number - 1))

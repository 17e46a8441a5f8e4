"""What anybody read of each conversation: at each number one event, if the server is right."""

from collections.abc import Iterator
from typing import Final

import msgspec

from chinwag.wire.values import ConversationId, direct_members
from prove.facts import (
    WITHHELD,
    HistoryMessage,
    HistoryNotice,
    Kept,
    MentionsNow,
    Paged,
    ReactionsListed,
    ReactionsNow,
    SeenMessage,
    SeenNotice,
    Told,
)
from prove.index.changed import OF_MESSAGES, SWITCHES
from prove.index.members import Members, members_of
from prove.index.pulled import audience_of, pulled
from prove.index.rows import Row
from prove.index.sends import Send, Sends
from prove.index.switches import Switches
from prove.ranges import FOREVER, Numbers

MESSAGE: Final = ""
"""The change of a row that is a message."""

AnyMessage = SeenMessage | HistoryMessage | Told | Kept


class Version(msgspec.Struct, gc=False, frozen=True):
    """A message as it was read: with the text that the event `changed` gave it, 0 for that with which it was sent."""

    number: int
    changed: int
    sender: str
    text: str


class Reading(msgspec.Struct, gc=False, frozen=True):
    """What an account was told of a message: that there is one, and what it says since the event `changed`; 0: as it
    was sent. where: by what."""

    account: str
    number: int
    changed: int
    where: str


class Other(msgspec.Struct, frozen=True):
    """What somebody read at a number at which another had read something else before."""

    row: Row
    reader: str


class History:
    """One reader's final history of a conversation. out_of_order: numbers that did not rise. head: None until it is
    known to be whole."""

    __slots__ = ("head", "numbers", "out_of_order")

    def __init__(self) -> None:
        self.numbers = Numbers()
        self.out_of_order: list[int] = []
        self.head: int | None = None

    def took(self, number: int) -> None:
        """The next row of the pages."""
        if number <= self.numbers.last:
            self.out_of_order.append(number)
        self.numbers.add(number)


class Conversation:
    """One conversation, as all readings of it together say."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: dict[int, Row] = {}
        """At each number what was read there first, live or at the end."""
        self.others: dict[int, list[Other]] = {}
        """What else was read at a number: nothing, if the server is right."""
        self.histories: dict[str, History] = {}
        """Final, by reader."""
        self.versions: dict[Version, str] = {}
        """Messages as they were read after a change, and by whom first."""
        self.new_texts: dict[tuple[int, str], str] = {}
        """Of events that gave a message a text: number and text, and who read it first."""
        self.last_texts: dict[tuple[int, str], str] = {}
        """Of these, those that final histories still give."""
        self.readings: set[Reading] = set()
        """What was told of messages that were changed, or that were asked for besides history; and of the targets of
        events that brought a new text."""
        self.paged: list[Paged] = []
        self.kept: list[Kept] = []
        self.reactions: list[ReactionsNow] = []
        self.listed: list[ReactionsListed] = []
        self.mentions: list[MentionsNow] = []
        self._members: Members | None = None
        self._pulled: Numbers | None = None
        self._switches: Switches | None = None
        self._head: int | None = None

    @property
    def direct(self) -> tuple[str, str] | None:
        """The two accounts of a direct conversation."""
        return direct_members(ConversationId(self.name))

    @property
    def head(self) -> int:
        """The highest number that anybody has read. Ask when all facts are in."""
        if self._head is None:
            self._head = max(self.rows, default=0)
        return self._head

    @property
    def read_whole(self) -> bool:
        """Whether anybody's final history of it is in the record to its end."""
        return any(history.head is not None for history in self.histories.values())

    @property
    def members(self) -> Members:
        """Who was in at which number. Ask when all facts are in."""
        if self._members is None:
            notices = sorted((number, row) for number, row in self.rows.items() if row.change)
            changes = [(number, row.change, row.subjects, row.history) for number, row in notices]
            members = members_of(self.direct, changes)
            if (numbers := self.pulled) and members.known:
                members = members.told(audience_of(self.rows, numbers, members.audience))
            self._members = members
        return self._members

    @property
    def pulled(self) -> Numbers:
        """The numbers of a large group that are copied to those alone whom they concern."""
        if self._pulled is None:
            self._pulled = pulled(self.rows)
        return self._pulled

    @property
    def switches(self) -> Switches:
        """Reactions and pins. Ask when all facts are in."""
        if self._switches is None:
            first = next((first for first, _ in self.pulled.ranges()), FOREVER)
            # Already what was acked with the number of the notice before may have taken none of its own.
            self._switches = Switches(self.rows, first - 2)
        return self._switches

    def changes_of(self) -> dict[int, list[int]]:
        """For each message that was changed the numbers of the events that did it, rising, as they were read."""
        found: dict[int, list[int]] = {}
        for number in sorted(number for number, row in self.rows.items() if row.change in OF_MESSAGES):
            for subject in self.rows[number].subjects:
                found.setdefault(int(subject), []).append(number)
        return found

    def texts(self) -> Iterator[tuple[int, int, str]]:
        """What each message says at the end: its number, that of the edit that gave it this text (0: none), the text.
        Of what was deleted nothing."""
        changes = self.changes_of()
        for number, row in self.rows.items():
            if row.change:
                continue
            last = changes.get(number, [0])[-1]
            said = self.rows[last] if last else row
            if said.change != "deleted" and said.send is not None:
                yield number, last, said.send.text

    def contents(self) -> Iterator[tuple[int, Row]]:
        """Each different thing that was read at a number."""
        yield from self.rows.items()
        for number, others in self.others.items():
            for other in others:
                yield number, other.row

    def stands_elsewhere(self, send: Send) -> bool:
        """Whether something else stands at the number with which it was acked."""
        row = self.rows.get(send.number)
        return row is not None and row.send is not send

    def standing(self, number: int) -> list[Row]:
        """All that was read at a number: one thing, if the server is right."""
        found = [self.rows[number]] if number in self.rows else []
        return found + [other.row for other in self.others.get(number, ())]


class Conversations:
    """All conversations of a run, by name."""

    def __init__(self, sends: Sends) -> None:
        self._sends = sends
        self._by_name: dict[str, Conversation] = {}

    def __iter__(self) -> Iterator[Conversation]:
        return iter(self._by_name.values())

    def named(self, name: str) -> Conversation:
        """The conversation, which need not have been heard of before."""
        found = self._by_name.get(name)
        if found is None:
            found = self._by_name[name] = Conversation(name)
        return found

    def message(self, fact: SeenMessage | HistoryMessage, reader: str, account: str) -> Conversation:
        """A message was read: by `reader`, a device or an account, for `account`."""
        conversation = self._by_name.get(fact.conversation) or self.named(fact.conversation)
        row = conversation.rows.get(fact.number)
        if fact.changed:
            self._version(conversation, fact, reader)
            self._read(conversation, fact, account, "messages")
            self._place(conversation, fact.number, self._as_sent(fact), reader)
        elif (
            row is None
            or row.id != fact.id
            or row.ordinal != fact.ordinal
            or row.device != fact.device
            or row.sender != fact.sender
            or row.text != fact.text
            or row.change
        ):
            self._place(conversation, fact.number, self._message_row(fact), reader)
        return conversation

    def told(self, fact: Told) -> None:
        """An answer said something of a message."""
        conversation = self.named(fact.conversation)
        self._version(conversation, fact, fact.reader)
        self._read(conversation, fact, fact.reader, fact.where)

    def kept(self, fact: Kept) -> None:
        """A device holds something of a message."""
        conversation = self.named(fact.conversation)
        self._version(conversation, fact, fact.device)
        conversation.kept.append(fact)

    def notice(self, fact: SeenNotice | HistoryNotice, reader: str, account: str) -> Conversation:
        """A notice was read."""
        conversation = self.named(fact.conversation)
        send = self._sends.find(fact.conversation, fact.device, fact.id) or self._sends.find("", fact.device, fact.id)
        subjects = tuple(sorted(fact.subjects))
        change, history, text = fact.change, fact.history, fact.text if fact.change in SWITCHES else ""
        row = Row(fact.ordinal, fact.sender, fact.device, fact.id, text, change, subjects, history, send)
        self._place(conversation, fact.number, row, reader)
        if fact.text and not text:
            conversation.new_texts.setdefault((fact.number, fact.text), reader)
            if isinstance(fact, HistoryNotice):
                conversation.last_texts.setdefault((fact.number, fact.text), reader)
            for subject in subjects:
                conversation.readings.add(Reading(account, int(subject), 0, "an edit"))
        return conversation

    def _version(self, conversation: Conversation, fact: AnyMessage, reader: str) -> None:
        if fact.text != WITHHELD:
            version = Version(fact.number, fact.changed, fact.sender, fact.text)
            conversation.versions.setdefault(version, reader)

    def _read(self, conversation: Conversation, fact: AnyMessage, account: str, where: str) -> None:
        changed = fact.changed if fact.text and fact.text != WITHHELD else 0
        conversation.readings.add(Reading(account, fact.number, changed, where))

    def _message_row(self, fact: SeenMessage | HistoryMessage) -> Row:
        send = self._sends.find(fact.conversation, fact.device, fact.id)
        if send is not None and (send.account, send.text) == (fact.sender, fact.text):
            # The usual case shares the texts of the attempt.
            sender, device, name, text = send.account, send.device, send.id, send.text
        else:
            sender, device, name, text = fact.sender, fact.device, fact.id, fact.text
        return Row(fact.ordinal, sender, device, name, text, MESSAGE, (), "", send)

    def _as_sent(self, fact: SeenMessage | HistoryMessage) -> Row:
        """What was read of a changed message, with the text with which it was sent."""
        send = self._sends.find(fact.conversation, fact.device, fact.id)
        text = "" if send is None else send.text
        return Row(fact.ordinal, fact.sender, fact.device, fact.id, text, MESSAGE, (), "", send)

    def _place(self, conversation: Conversation, number: int, row: Row, reader: str) -> None:
        if conversation.rows.setdefault(number, row) != row:
            conversation.others.setdefault(number, []).append(Other(row, reader))

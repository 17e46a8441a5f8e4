"""What a right run holds: events, inboxes, conversations, devices."""

from typing import Literal

import msgspec

from prove.facts import (
    WITHHELD,
    HistoryMessage,
    HistoryNotice,
    InboxRow,
    SeenAccount,
    SeenMark,
    SeenMessage,
    SeenNotice,
    Told,
)


class Numbered(msgspec.Struct, gc=False, frozen=True):
    """A message (change ""), as it is now, or another numbered event. Of `edited` the text is the new one, "" where it
    is not told. changed: the number of the event that changed a message last."""

    conversation: str
    number: int
    ordinal: int
    sender: str
    device: str
    id: str
    text: str
    change: str = ""
    subjects: tuple[str, ...] = ()
    history: str = ""
    changed: int = 0

    def seen(self, session: int, position: int) -> SeenMessage | SeenNotice:
        """As it comes to a session."""
        place = (session, position, self.conversation, self.number, self.ordinal, self.sender, self.device, self.id)
        if self.change:
            return SeenNotice(*place, self.change, self.subjects, self.history, self.text)
        return SeenMessage(*place, self.text, self.changed)

    def read(self, reader: str) -> HistoryMessage | HistoryNotice:
        """As somebody reads it at the end."""
        place = (reader, self.conversation, self.number, self.ordinal, self.sender, self.device, self.id)
        if self.change:
            return HistoryNotice(*place, self.change, self.subjects, self.history, self.text)
        return HistoryMessage(*place, self.text, self.changed)

    def told(self, where: Literal["page", "changes", "last", "search"], reader: str, asked: int) -> Told:
        """As an answer says it."""
        return Told(where, reader, self.conversation, self.number, self.sender, self.text, self.changed, asked)

    def row(self, account: str, position: int) -> InboxRow:
        """As it stands in an inbox."""
        kind: Literal["message", "notice"] = "notice" if self.change else "message"
        return InboxRow(account, position, kind, self.conversation, self.number, "")


class Mark(msgspec.Struct, gc=False, frozen=True):
    """An account's mark, as it is posted."""

    kind: Literal["read", "delivered"]
    conversation: str
    account: str
    number: int

    def seen(self, session: int, position: int) -> SeenMark:
        """As it comes to a session."""
        return SeenMark(session, position, self.kind, self.conversation, self.account, self.number)

    def row(self, account: str, position: int) -> InboxRow:
        """As it stands in an inbox."""
        return InboxRow(account, position, self.kind, self.conversation, self.number, self.account)


class AccountChange(msgspec.Struct, gc=False, frozen=True):
    """A change about an account."""

    change: str
    subject: str
    version: int

    def seen(self, session: int, position: int) -> SeenAccount:
        """As it comes to a session."""
        return SeenAccount(session, position, self.change, self.subject, self.version)

    def row(self, account: str, position: int) -> InboxRow:
        """As it stands in an inbox."""
        return InboxRow(account, position, "account", "", self.version, self.subject)


Entry = Numbered | Mark | AccountChange


class Person(msgspec.Struct):
    """An account. floor: up to which position its inbox was trimmed."""

    name: str
    inbox: list[Entry] = []
    floor: int = 0


class Place(msgspec.Struct):
    """A conversation. reads: by account the ranges that it may read, the last with None for no end. named: to whom
    each message speaks."""

    name: str
    events: list[Numbered] = []
    members: dict[str, int] = {}
    reads: dict[str, list[tuple[int, int | None]]] = {}
    history: str = "all"
    opened: int = 1
    messages: int = 0
    named: dict[int, tuple[str, ...]] = {}

    def speaks(self, number: int, sender: str, mentions: tuple[str, ...]) -> None:
        """Message `number` speaks to these from now on, as far as they are in."""
        self.named[number] = tuple(one for one in mentions if one in self.members and one != sender)

    def on(self, number: int, head: int) -> dict[str, list[str]]:
        """Who has which reaction on a message after event `head`, in the order in which they put it on."""
        found: dict[str, list[str]] = {}
        for event in self.events[:head]:
            if event.change == "deleted" and event.subjects == (str(number),):
                found = {}
            if event.change == "reaction" and event.subjects == (str(number),):
                accounts = found.setdefault(event.text[1:], [])
                accounts.append(event.sender) if event.text[0] == "+" else accounts.remove(event.sender)
        return {what: accounts for what, accounts in found.items() if accounts}

    def readable(self, account: str) -> list[Numbered]:
        """What the account may read."""
        return [self.as_read(one, account) for one in self.events if self._reads(account, one.number)]

    def as_read(self, event: Numbered, account: str) -> Numbered:
        """An event, as the account is given it: what a message says since it was a member only if it was one then."""
        if event.change or not event.text or not event.changed or self._reads(account, event.changed):
            return event
        return msgspec.structs.replace(event, text=WITHHELD)

    def _reads(self, account: str, number: int) -> bool:
        spans = self.reads.get(account, [])
        return any(first <= number <= (last or len(self.events)) for first, last in spans)


class Phone(msgspec.Struct):
    """A device. session: 0 when it has none. position: what it has of its inbox; -1: it never was there."""

    name: str
    account: str
    position: int = -1
    session: int = 0
    gone: bool = False


class Sent(msgspec.Struct):
    """A send that was tried. event: what it became."""

    phone: Phone
    conversation: str
    id: str
    text: str
    event: Numbered | None = None
    mentions: tuple[str, ...] = ()

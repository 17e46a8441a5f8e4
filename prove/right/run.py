"""A run as a server that keeps every promise would have made it: whatever is done to it, its facts are right."""

from collections.abc import Callable
from typing import Literal

import msgspec

from prove.facts import (
    WITHHELD,
    Acked,
    AnyFact,
    Attempt,
    Began,
    ChangeTried,
    ColdLoaded,
    Ended,
    Fault,
    HistoryEnd,
    InboxEnd,
    Keeps,
    Kept,
    Loaded,
    MarkNow,
    MentionsNow,
    Paged,
    PresenceNow,
    Probed,
    Quiet,
    ReactionsNow,
    Refused,
    Retry,
    Reused,
    Revoked,
    Searched,
    State,
    TokenTried,
    Transport,
    Up,
    WasReset,
)
from prove.index.changed import BETWEEN
from prove.right.values import AccountChange, Entry, Mark, Numbered, Person, Phone, Place, Sent


class RightRun:
    """Say what happens; `write` gets the facts."""

    def __init__(self, write: Callable[[AnyFact], object]) -> None:
        self.write = write
        self.people: dict[str, Person] = {}
        self.phones: dict[str, Phone] = {}
        self.places: dict[str, Place] = {}
        self.marks: dict[tuple[str, str, str], int] = {}
        self.keeping: set[str] = set()
        self.epoch = 1
        self._at = 0
        self._sessions = 0
        self._ids = 0
        self._open: dict[str, list[Phone]] = {}
        self.words: tuple[str, ...] = ()
        """What everybody looks for at the end."""

    def now(self) -> int:
        """Milliseconds: one more each time."""
        self._at += 1
        return self._at

    def _id(self) -> str:
        self._ids += 1
        return f"i{self._ids}"

    # People, devices, sessions

    def phone(self, name: str, account: str) -> Phone:
        """A device of an account."""
        self.people.setdefault(account, Person(account))
        phone = self.phones[name] = Phone(name, account)
        return phone

    def cold_load(self, phone: Phone) -> None:
        """It loads everything afresh."""
        inbox = self.people[phone.account].inbox
        self.write(ColdLoaded(phone.name, phone.account, self.epoch, len(inbox), self.now()))
        for place in self.places.values():
            if events := place.readable(phone.account):
                self.write(Loaded(phone.name, place.name, events[0].number, events[-1].number))
        phone.position = len(inbox)

    def connect(self, phone: Phone, transport: Transport = "socket", cursor: int | None = None) -> None:
        """A session, from the device's own cursor or a lower one; what it missed comes at once."""
        person = self.people[phone.account]
        if phone.position < 0:
            phone.position = len(person.inbox)
        if cursor is None:
            cursor = phone.position
        self._sessions += 1
        phone.session = self._sessions
        self._open.setdefault(phone.account, []).append(phone)
        asked = self.now()
        self.write(Began(phone.session, phone.name, phone.account, transport, self.epoch, cursor, self.now(), asked))
        if cursor < person.floor:
            self.write(WasReset(phone.session, "old", self.epoch, len(person.inbox)))
            self.cold_load(phone)
            return
        for position in range(cursor + 1, len(person.inbox) + 1):
            self._come(phone, position, person.inbox[position - 1])
        phone.position = len(person.inbox)

    def disconnect(self, phone: Phone, code: str = "cut") -> None:
        """Its session ends."""
        if phone.session:
            self.write(Ended(phone.session, code, self.now()))
            self._open[phone.account].remove(phone)
            phone.session = 0

    def revoke(self, phone: Phone) -> None:
        """It is revoked: closed at once, its token refused."""
        self.write(Revoked(phone.account, phone.name, self.now()))
        self.disconnect(phone, "revoked")
        phone.gone = True
        self._at += 1500
        self.write(TokenTried(phone.name, "hello", True, self.now()))

    def fault(self, name: str = "kill", point: str = "") -> None:
        """The server goes and comes again."""
        self.write(Fault(name, point, 0, 0, self.now()))
        for phone in self.phones.values():
            self.disconnect(phone)
        self.write(Up(self.now()))

    def trim(self, account: str) -> None:
        """All that is in the inbox now is too old to keep."""
        self.people[account].floor = len(self.people[account].inbox)

    # Conversations

    def direct(self, one: str, other: str) -> Place:
        """The direct conversation of two accounts."""
        low, high = sorted((one, other))
        name = f"d~{low}~{high}"
        if name not in self.places:
            reads: dict[str, list[tuple[int, int | None]]] = {low: [(1, None)], high: [(1, None)]}
            self.places[name] = Place(name, members={low: 1, high: 1}, reads=reads)
        return self.places[name]

    def group(self, phone: Phone, members: tuple[str, ...], history: Literal["all", "joined"] = "all") -> Place:
        """A new group."""
        name = f"g~{len(self.places) + 1}"
        place = self.places[name] = Place(name, history=history)
        everybody = (phone.account, *members)
        client_id = self._id()
        self.write(ChangeTried(phone.name, phone.account, "", client_id, "created", everybody, self.now()))
        for account in everybody:
            place.members[account] = 1
            place.reads[account] = [(1, None)]
        self._change(phone, place, client_id, "created", everybody, history)
        return place

    def change(
        self, phone: Phone, place: Place, change: str, *subjects: str, history: str = "", text: str = ""
    ) -> None:
        """A change of a group: joined, left, removed, role, title, settings."""
        client_id = self._id()
        self.write(ChangeTried(phone.name, phone.account, place.name, client_id, change, subjects, self.now(), text))
        number = len(place.events) + 1
        if history == "all" and place.history != "all":
            place.opened = number
        place.history = history or place.history
        goes = subjects if change in ("left", "removed") else ()
        if change == "joined":
            for account in subjects:
                place.members[account] = number
                place.reads.setdefault(account, []).append((place.opened if place.history == "all" else number, None))
        self._change(phone, place, client_id, change, subjects, history, text)
        for account in goes:
            del place.members[account]
            first, _ = place.reads[account].pop()
            place.reads[account].append((first, number))

    def switch(self, phone: Phone, place: Place, what: Literal["reaction", "pinned"], number: int, text: str) -> None:
        """A reaction is put on a message ("+", and the emoji) or taken back ("-"), or a pin. What is so already changes
        nothing, and is acked with the last number."""
        is_on = self._is_on(phone, place, what, number, text[1:])
        if is_on != (text[0] == "+"):
            self.change(phone, place, what, str(number), text=text)
            return
        name = self._id()
        self.write(ChangeTried(phone.name, phone.account, place.name, name, what, (str(number),), self.now(), text))
        self.write(Acked(phone.name, place.name, name, len(place.events), self._at, phone.session, self.now()))

    def _is_on(self, phone: Phone, place: Place, what: str, number: int, emoji: str) -> bool:
        if what == "reaction":
            return phone.account in place.on(number, len(place.events)).get(emoji, [])
        done = [one for one in place.events if one.subjects == (str(number),) and one.change in ("pinned", "deleted")]
        return bool(done) and done[-1].text == "+"

    def _change(
        self,
        phone: Phone,
        place: Place,
        client_id: str,
        change: str,
        subjects: tuple[str, ...],
        history: str,
        text: str = "",
    ) -> None:
        number = len(place.events) + 1
        event = Numbered(
            place.name, number, place.messages, phone.account, phone.name, client_id, text, change, subjects, history
        )
        self._place(place, event)
        self.write(Acked(phone.name, place.name, client_id, number, self._at, phone.session, self.now()))

    def _place(self, place: Place, event: Numbered) -> None:
        place.events.append(event)
        for account in place.members:
            self._post(account, event)

    def _post(self, account: str, entry: Entry) -> None:
        person = self.people[account]
        person.inbox.append(entry)
        position = len(person.inbox)
        for phone in self._open.get(account, ()):
            self._come(phone, position, entry)
            phone.position = position

    def _come(self, phone: Phone, position: int, entry: Entry) -> None:
        if isinstance(entry, Numbered) and entry.change == "joined" and phone.account in entry.subjects:
            # It comes into a conversation that has begun, and loads what was before.
            before = self.places[entry.conversation].readable(phone.account)
            self.write(Loaded(phone.name, entry.conversation, before[0].number, entry.number))
        if isinstance(entry, Numbered):
            entry = self.places[entry.conversation].as_read(entry, phone.account)
        self.write(entry.seen(phone.session, position))

    # Messages

    def attempt(
        self, phone: Phone, place: Place, text: str, after: Sent | None = None, mentions: tuple[str, ...] = ()
    ) -> Sent:
        """A first try."""
        sent = Sent(phone, place.name, self._id(), text, mentions=mentions)
        name = "" if after is None else after.id
        self.write(Attempt(phone.name, phone.account, place.name, sent.id, text, name, self.now(), mentions))
        return sent

    def edit(
        self,
        phone: Phone,
        place: Place,
        number: int,
        text: str,
        after: Sent | None = None,
        mentions: tuple[str, ...] = (),
    ) -> Sent:
        """A message gets another text: tried, placed and acked."""
        open_to_all = all(place.reads[account][-1][0] <= number for account in place.members)
        told = text if open_to_all else ""
        return self._change_message(phone, place, number, "edited", text, told, after, mentions)

    def delete(self, phone: Phone, place: Place, number: int) -> Sent:
        """A message is deleted: tried, placed and acked."""
        return self._change_message(phone, place, number, "deleted", "", "", None)

    def _change_message(
        self,
        phone: Phone,
        place: Place,
        target: int,
        change: str,
        text: str,
        told: str,
        after: Sent | None,
        mentions: tuple[str, ...] = (),
    ) -> Sent:
        sent = Sent(phone, place.name, self._id(), text)
        name = "" if after is None else after.id
        subjects = (str(target),)
        self.write(
            ChangeTried(
                phone.name, phone.account, place.name, sent.id, change, subjects, self.now(), text, name, mentions
            )
        )
        place.speaks(target, phone.account, mentions)
        number = len(place.events) + 1
        message = place.events[target - 1]
        if message.changed:
            self._now(place, msgspec.structs.replace(place.events[message.changed - 1], text=""))
        self._now(place, msgspec.structs.replace(message, text=text, changed=number))
        sent.event = Numbered(
            place.name, number, place.messages, phone.account, phone.name, sent.id, told, change, subjects
        )
        self._place(place, sent.event)
        self.ack(sent)
        return sent

    def _now(self, place: Place, event: Numbered) -> None:
        """An event is this from now on, wherever it stands."""
        before = place.events[event.number - 1]
        place.events[event.number - 1] = event
        for person in self.people.values():
            person.inbox = [event if one is before else one for one in person.inbox]

    def ask(self, where: Literal["page", "changes", "last", "search"], reader: str, place: Place, number: int) -> None:
        """Somebody is told of a message."""
        if (event := place.as_read(place.events[number - 1], reader)).text:
            self.write(event.told(where, reader, self.now()))

    def retry(self, sent: Sent) -> None:
        """One more try."""
        self.write(Retry(sent.phone.name, sent.conversation, sent.id, sent.phone.session, self.now()))

    def place(self, sent: Sent) -> None:
        """The server places it; a copy is known by its key."""
        if sent.event is None:
            place, phone = self.places[sent.conversation], sent.phone
            place.messages += 1
            number = len(place.events) + 1
            sent.event = Numbered(place.name, number, place.messages, phone.account, phone.name, sent.id, sent.text)
            place.speaks(number, phone.account, sent.mentions)
            self._place(place, sent.event)

    def ack(self, sent: Sent) -> None:
        """The answer arrives."""
        assert sent.event is not None
        phone, number = sent.phone, sent.event.number
        self.write(Acked(phone.name, sent.conversation, sent.id, number, self._at, phone.session, self.now()))

    def refuse(self, sent: Sent, code: str, *, retryable: bool) -> None:
        """It is refused."""
        self.write(Refused(sent.phone.name, sent.conversation, sent.id, code, retryable, self.now()))

    def reuse(self, sent: Sent, code: str = "id_reused", *, retryable: bool = False) -> None:
        """Something else is asked under its id."""
        self.write(Reused(sent.phone.name, sent.conversation, sent.id, code, retryable, self.now()))

    def send(self, phone: Phone, place: Place, text: str, *mentions: str) -> Sent:
        """Tried, placed and acked."""
        sent = self.attempt(phone, place, text, mentions=mentions)
        self.place(sent)
        self.ack(sent)
        return sent

    def probe(self, sent: Sent, reader: str) -> None:
        """It is asked for in each way, and is there."""
        assert sent.event is not None
        for where in ("history", "inbox", "key"):
            number = sent.event.number
            self.write(Probed(where, reader, sent.phone.name, sent.conversation, sent.id, number, number))

    # What is no message

    def keep_reads(self, account: str) -> None:
        """From the beginning the account shares with nobody what it has read, and nobody with it."""
        self.keeping.add(account)
        self.write(Keeps(account))

    def _secret(self, one: str, other: str) -> bool:
        return one != other and not self.keeping.isdisjoint((one, other))

    def mark(self, account: str, place: Place, kind: Literal["read", "delivered"], number: int) -> None:
        """A mark moves, if it does."""
        key = (place.name, account, kind)
        if number > self.marks.get(key, 0):
            self.marks[key] = number
            for member in place.members:
                if kind == "delivered" or not self._secret(member, account):
                    self._post(member, Mark(kind, place.name, account, number))

    def ask_marks(self, reader: str, place: Place, account: str) -> None:
        """Somebody asks for an account's marks."""
        read, delivered = (self.marks.get((place.name, account, kind), 0) for kind in ("read", "delivered"))
        if self._secret(reader, account):
            read = max((one.number for one in place.events if account in (one.sender, *one.subjects)), default=0)
            delivered = max(read, delivered)
        asked = self.now()
        self.write(MarkNow(reader, place.name, account, read, delivered, asked, self.now()))

    def account_change(self, account: str, version: int) -> None:
        """Something about the account."""
        self._post(account, AccountChange("ProfileChanged", f"profile:{account}", version))

    # The end

    def finish(self) -> None:
        """Everybody who is not gone comes back; then all is read afresh."""
        here = [phone for phone in self.phones.values() if not phone.gone]
        for phone in here:
            if not phone.session:
                self.connect(phone)
        self.write(Quiet(tuple(phone.name for phone in here), self.now()))
        for account in self.people:
            online = any(phone.account == account for phone in here)
            self.write(PresenceNow(account, online, online))
        for phone in here:
            for place in self.places.values():
                if place.reads.get(phone.account):
                    state = f"{len(place.readable(phone.account))} events"
                    self.write(State(phone.name, place.name, phone.position, state, state))
            self._kept(phone)
            account = self.people[phone.account].name
            self.write(State(phone.name, "account", phone.position, account, account))
        for person in self.people.values():
            for place in self.places.values():
                if events := place.readable(person.name):
                    for event in events:
                        self.write(event.read(person.name))
                    self.write(HistoryEnd(person.name, place.name, events[-1].number))
                    self._paged(person.name, place.name, events)
            for position, entry in enumerate(person.inbox[person.floor :], person.floor + 1):
                self.write(entry.row(person.name, position))
            self.write(InboxEnd(person.name, self.epoch, person.floor, len(person.inbox)))
        for person in self.people.values():
            for word in self.words:
                self._search(person.name, word)

    def _kept(self, phone: Phone) -> None:
        """It holds the messages as they are: all that it may read, if it is in."""
        for place in self.places.values():
            for event in place.readable(phone.account) if phone.account in place.members else ():
                if not event.change and event.text != WITHHELD:
                    self.write(Kept(phone.name, place.name, event.number, event.sender, event.text, event.changed))

    def _paged(self, reader: str, name: str, events: list[Numbered]) -> None:
        asked = self.now()
        shown = [one for one in events if one.change not in BETWEEN]
        for event in shown:
            if not event.change and event.text:
                self.write(event.told("page", reader, asked))
        numbers = tuple(one.number for one in shown)
        place, head = self.places[name], events[-1].number
        said = tuple(one.number for one in shown if not one.change and one.text and one.text != WITHHELD)
        on = tuple(
            (number, what, len(accounts), reader in accounts, tuple(accounts[:10]))
            for number in said
            for what, accounts in place.on(number, head).items()
        )
        self.write(ReactionsNow(reader, name, head, said, on))
        if reader in place.members:
            read = self.marks.get((name, reader, "read"), 0)
            speaks = sorted(number for number, named in place.named.items() if reader in named and number > read)
            self.write(MentionsNow(reader, name, head, read, tuple(speaks[-100:])))
        self.write(Paged(reader, name, events[0].number, events[-1].number, numbers))

    def _search(self, reader: str, word: str) -> None:
        found = [
            (place.name, one.number)
            for place in self.places.values()
            for one in place.readable(reader)
            if not one.change and word in one.text.split()
        ]
        for name, number in found:
            self.ask("search", reader, self.places[name], number)
        self.write(Searched(reader, word, tuple(found)))

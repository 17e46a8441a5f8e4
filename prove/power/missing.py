"""What of all that was confirmed is not there after a cut."""

from collections.abc import Sequence
from typing import Final

import msgspec

from prove.power.changes import Changes, Person
from prove.power.http import Http
from prove.power.ledger import Ledger, Sent

PAGE: Final = 200


class Body(msgspec.Struct):
    """What a message says."""

    text: str = ""


class Row(msgspec.Struct):
    """An event of a history."""

    kind: str
    number: int
    id: str
    device: str = ""
    body: Body | None = None


class _Page(msgspec.Struct):
    events: list[Row]
    head: int


class Verdict(msgspec.Struct):
    """What is wrong, of each kind: how many, and the first of them in words."""

    lost_messages: int = 0
    lost_marks: int = 0
    lost_changes: int = 0
    doubled: int = 0
    holes: int = 0
    other: int = 0
    words: list[str] = []

    @property
    def wrong(self) -> int:
        """All of it."""
        lost = self.lost_messages + self.lost_marks + self.lost_changes
        return lost + self.doubled + self.holes + self.other


class Histories:
    """The conversations as they were read after each cut: what was there once must stay there, at its number."""

    def __init__(self, ledger: Ledger, readers: dict[str, Person]) -> None:
        """readers: a member of each conversation."""
        self._ledger = ledger
        self._readers = readers
        self._known: dict[str, int] = dict.fromkeys(readers, 0)
        """Up to which number a conversation was found right."""
        self._placed: dict[str, str] = {}
        """Where each message stands."""

    async def check(self, http: Http, verdict: Verdict, *, whole: bool) -> None:
        """Read what has come since the last check, or all, and compare it with what was confirmed."""
        if whole:
            self._known = dict.fromkeys(self._known, 0)
            self._placed.clear()
        acked: dict[str, dict[int, str]] = {conversation: {} for conversation in self._readers}
        for name, sent in self._ledger.sent.items():
            if sent.number:
                acked[sent.conversation][sent.number] = name
        for conversation, reader in self._readers.items():
            rows = await self._read(http, conversation, reader)
            self._compare(verdict, conversation, rows, acked[conversation])

    async def _read(self, http: Http, conversation: str, reader: Person) -> list[Row]:
        rows: list[Row] = []
        after = self._known[conversation]
        while True:
            path = f"/v1/conversations/{conversation}/changes?after={after}&limit={PAGE}"
            found = await http.ask("GET", path, reader.token)
            if found is None:
                return rows  # a conversation that nobody has begun
            page = msgspec.convert(found, _Page)
            rows += page.events
            if not page.events or page.events[-1].number >= page.head:
                return rows
            after = page.events[-1].number

    def _compare(self, verdict: Verdict, conversation: str, rows: list[Row], acked: dict[int, str]) -> None:
        known = at = self._known[conversation]
        order: dict[str, int] = {}
        for row in rows:
            if row.number != at + 1:
                verdict.holes += 1
                verdict.words.append(f"{conversation}: {row.number} after {at}")
            at = row.number
            if row.kind == "message":
                self._place(verdict, conversation, row, order)
        there = {row.number: row.id for row in rows}
        for number, name in acked.items():
            if number > known and there.get(number) != name:
                verdict.lost_messages += 1
                verdict.words.append(f"{conversation} {number}: {name} was acked")
                self._ledger.sent[name].number = 0  # lost once
        self._shown(verdict, conversation, there, set(acked.values()))
        self._known[conversation] = at

    def _place(self, verdict: Verdict, conversation: str, row: Row, order: dict[str, int]) -> None:
        """One message: sent so, in its sender's order, and never before. order: the last turn of each device."""
        where = f"{conversation} {row.number}"
        sent = self._ledger.sent.get(row.id)
        if sent is None or not _is(row, sent):
            verdict.other += 1
            verdict.words.append(f"{where}: {row.id} was never sent so")
            return
        if row.id in self._placed:
            verdict.doubled += 1
            verdict.words.append(f"{row.id} stands at {self._placed[row.id]} and at {where}")
        self._placed[row.id] = where
        if order.get(sent.device, 0) > sent.turn:
            verdict.other += 1
            verdict.words.append(f"{where}: {row.id} stands after a later one")
        order[sent.device] = sent.turn

    def _shown(self, verdict: Verdict, conversation: str, there: dict[int, str], acked: set[str]) -> None:
        """What somebody was shown is there, acked or not."""
        shown = self._ledger.shown
        for (place, number), name in list(shown.items()):
            if place != conversation or number <= self._known[conversation] or there.get(number) == name:
                continue
            del shown[place, number]
            if name not in acked:  # else it is counted already
                verdict.other += 1
                verdict.words.append(f"{conversation} {number}: {name} was shown to somebody")


def _is(row: Row, sent: Sent) -> bool:
    return row.device == sent.device and row.body is not None and row.body.text == sent.text


async def check_marks(http: Http, ledger: Ledger, people: Sequence[Person], verdict: Verdict) -> None:
    """Each read mark that came back stands where it was, or further on."""
    token = {person.account: person.token for person in people}
    for (account, conversation), number in ledger.read.items():
        found = await http.ask("GET", f"/v1/conversations/{conversation}", token[account])
        now = 0 if found is None else found["read"]
        if now < number:
            verdict.lost_marks += 1
            verdict.words.append(f"the mark of {account} in {conversation} came back as {number} and is {now}")
            ledger.read[account, conversation] = now


async def check_changes(http: Http, ledger: Ledger, changes: Changes, verdict: Verdict) -> None:
    """Each thing is as it was confirmed last, or as was asked since without an answer."""
    now = await changes.now(http)
    for what, register in ledger.registers.items():
        if now[what] not in (register.confirmed, register.tried):
            verdict.lost_changes += 1
            verdict.words.append(f"{what} was confirmed as {register.confirmed!r} and is {now[what]!r}")
        register.confirmed, register.tried = now[what], None

"""Checks the record of a run against the promises. A pure function over values: what made the run does not matter.

A record says what was attempted, what was acked, what each device saw and what the histories say at the end. Every
violation is named by the promise that it breaks. More kinds of evidence become more fields of `Record` and more
functions in `CHECKS`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec
from tests.support.held import decoded

from chinwag.wire.values import Message, NumberedEvent


class Attempt(msgspec.Struct, frozen=True):
    """A device's first try of a send; retries are not listed."""

    device: str
    account: str
    conversation: str
    id: str
    text: str


class Acked(msgspec.Struct, frozen=True):
    """An answer that gave a number, to a first try or a retry."""

    device: str
    conversation: str
    id: str
    number: int


class Row(msgspec.Struct, frozen=True):
    """A numbered event as somebody read it. text: a message's, None for any other event."""

    conversation: str
    number: int
    sender: str
    device: str
    id: str
    text: str | None


class Entry(msgspec.Struct, frozen=True):
    """What stood at a position of an inbox; `row` is None for a mark or a change of the account."""

    position: int
    row: Row | None


class Sight(msgspec.Struct):
    """All that one device saw, as it came. began: the position after which; head: its inbox's end, at the end.

    knew: up to which number it had loaded each conversation when it began. loaded: numbers that it loaded when it
    came into a conversation (from, to). resets: positions to which it was sent by `reset` before the entry of that
    index.
    """

    account: str
    began: int
    head: int
    entries: list[Entry]
    knew: dict[str, int] = {}
    loaded: dict[str, list[tuple[int, int]]] = {}
    resets: dict[int, int] = {}


class Record(msgspec.Struct):
    """One run. attempts: in each device's order. histories: final, by (account, conversation)."""

    attempts: list[Attempt] = []
    acks: list[Acked] = []
    sights: dict[str, Sight] = {}
    histories: dict[tuple[str, str], list[Row]] = {}


class Violation(msgspec.Struct, frozen=True):
    """A promise was broken."""

    promise: str
    what: str


def check(record: Record) -> list[Violation]:
    """Every violation in a run, in the order of the promises."""
    return [violation for promise in CHECKS for violation in promise(record)]


def row_of(raw: bytes) -> Row | None:
    """A numbered event's row; None for a mark or a change of the account."""
    event = decoded(raw)
    if not isinstance(event, NumberedEvent):
        return None
    text = getattr(event.body, "text", None) if isinstance(event, Message) else None
    return Row(event.conversation, event.number, event.sender, event.device, event.id, text)


def _lost(record: Record) -> Iterator[Violation]:
    """P1: what was acked is in the history of whoever sent it, at the number that the ack gave."""
    senders = {(one.device, one.conversation, one.id): one for one in record.attempts}
    places: dict[tuple[str, str], dict[int, Row]] = defaultdict(dict)
    readers = {account for account, _ in record.histories}
    for (account, conversation), rows in record.histories.items():
        for reader in (account, ""):
            places[reader, conversation].update((row.number, row) for row in rows)
    for ack in record.acks:
        attempt = senders.get((ack.device, ack.conversation, ack.id))
        if attempt is None:
            continue
        # Of an account that is gone, others have the history.
        reader = attempt.account if attempt.account in readers else ""
        row = places[reader, ack.conversation].get(ack.number)
        if row is None or (row.device, row.id) != (ack.device, ack.id):
            yield Violation("P1", f"{ack.id} of {ack.device} was acked as {ack.number}; there is {row}")


def _invented(record: Record) -> Iterator[Violation]:
    """P2, P6: each message was sent, by the member it names, and stands there once."""
    sent = {(one.conversation, one.device, one.id): one for one in record.attempts}
    for (account, conversation), rows in record.histories.items():
        placed: dict[tuple[str, str], int] = {}
        for row in rows:
            if row.text is None:
                continue
            attempt = sent.get((conversation, row.device, row.id))
            if attempt is None or attempt.account != row.sender or attempt.text != row.text:
                yield Violation("P2", f"{account} reads {row}, which was sent as {attempt}")
            first = placed.setdefault((row.device, row.id), row.number)
            if first != row.number:
                yield Violation("P6", f"{row.id} of {row.device} stands at {first} and at {row.number}")


def _one_order(record: Record) -> Iterator[Violation]:
    """P3: all readers have the same event at a number, and no number is left out."""
    known: dict[tuple[str, int], Row] = {}
    numbers: dict[str, set[int]] = defaultdict(set)
    readings = [(account, row) for (account, _), rows in record.histories.items() for row in rows]
    readings += [(device, entry.row) for device, sight in record.sights.items() for entry in sight.entries if entry.row]
    for reader, row in readings:
        numbers[row.conversation].add(row.number)
        if known.setdefault((row.conversation, row.number), row) != row:
            yield Violation("P3", f"{reader} reads {row}, another {known[row.conversation, row.number]}")
    for conversation, found in numbers.items():
        if missing := sorted(set(range(1, max(found) + 1)) - found):
            yield Violation("P3", f"{conversation} has no {missing[:5]}")
    for (account, conversation), rows in record.histories.items():
        read = [row.number for row in rows]
        if read != sorted(set(read)):
            yield Violation("P3", f"{account} reads {conversation} out of order")


def _own_order(record: Record) -> Iterator[Violation]:
    """P4: the messages of a device stand in the order in which it sent them."""
    order: dict[tuple[str, str, str], int] = {}
    for turn, attempt in enumerate(record.attempts):
        order.setdefault((attempt.conversation, attempt.device, attempt.id), turn)
    for (account, conversation), rows in record.histories.items():
        last: dict[str, tuple[int, Row]] = {}
        for row in rows:
            turn = order.get((conversation, row.device, row.id), -1)
            if turn < 0:
                continue
            before = last.get(row.device)
            if before is not None and turn < before[0]:
                yield Violation("P4", f"{account} reads {row} after {before[1]}, which was sent later")
            last[row.device] = (turn, row)


def _same_answer(record: Record) -> Iterator[Violation]:
    """P6: every answer to one send gives one number."""
    first: dict[tuple[str, str, str], int] = {}
    for ack in record.acks:
        number = first.setdefault((ack.conversation, ack.device, ack.id), ack.number)
        if number != ack.number:
            yield Violation("P6", f"{ack.id} of {ack.device} was acked as {number} and as {ack.number}")


def _gaps(record: Record) -> Iterator[Violation]:
    """P7: a device has every position from where it began to its head, unless it was told `reset`."""
    for device, sight in record.sights.items():
        at = sight.began
        for index, entry in enumerate(sight.entries):
            at = sight.resets.get(index, at)
            if entry.position != at + 1:
                yield Violation("P7", f"{device} got position {entry.position} after {at}")
            at = entry.position
        at = sight.resets.get(len(sight.entries), at)
        if at != sight.head:
            yield Violation("P7", f"{device} ends at position {at}, its inbox at {sight.head}")


def _convergence(record: Record) -> Iterator[Violation]:
    """P5: what stands in an account's history, its devices have seen, each event once."""
    for device, sight in record.sights.items():
        if sight.resets:
            continue
        seen: dict[str, list[int]] = defaultdict(list)
        for entry in sight.entries:
            if entry.row is not None:
                seen[entry.row.conversation].append(entry.row.number)
        for conversation, numbers in seen.items():
            if len(set(numbers)) != len(numbers):
                yield Violation("P5", f"{device} got an event of {conversation} twice")
            if numbers != sorted(numbers):
                yield Violation("P5", f"{device} got events of {conversation} out of order")
        for (account, conversation), rows in record.histories.items():
            if account != sight.account or conversation not in seen:
                continue
            # What it may read but did not get as events, it may have loaded: from before it was in.
            since = max(sight.knew.get(conversation, 0), min(seen[conversation]) - 1)
            missing = {row.number for row in rows if row.number > since} - set(seen[conversation])
            for first, last in sight.loaded.get(conversation, []):
                missing.difference_update(range(first, last + 1))
            if missing:
                yield Violation("P5", f"{device} never got {sorted(missing)[:5]} of {conversation}")


CHECKS: Final[Sequence[Callable[[Record], Iterator[Violation]]]] = (
    _lost,
    _invented,
    _one_order,
    _own_order,
    _convergence,
    _same_answer,
    _gaps,
)

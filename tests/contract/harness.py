"""What the contract suites need of an adapter, and the values that they put into it.

A further adapter is one more harness, named in `HARNESSES`.
"""

import threading
from pathlib import Path
from typing import Protocol

import msgspec
from rocksdict import Rdict, WriteBatch

from chinwag.adapters.embedded import Embedded, open_embedded
from chinwag.adapters.embedded.data_directory import write_synced
from chinwag.domain.conversation import Conversation, Member, Position, Role, SendKey, Span
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, direct_id
from chinwag.ports.bus import Bus
from chinwag.ports.inbox import Inbox, Inline, Run
from chinwag.ports.log import Log
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import Commit, Fanout, KeyName, MessageStore
from chinwag.ports.questions import Questions
from chinwag.ports.registry import Registry


class Fault:
    """A disk that can be told to fail, and to wait. Wraps the one place where the embedded stores write."""

    def __init__(self) -> None:
        self.fail = ""
        self.writes = 0
        self.passing = threading.Event()
        self.passing.set()

    def write(self, db: Rdict, rows: WriteBatch) -> None:
        self.passing.wait(30)
        self.writes += 1
        if self.fail == "before":
            raise OSError(28, "No space left on device")
        write_synced(db, rows)
        if self.fail == "after":
            raise OSError(5, "Input/output error")


class Harness(Protocol):
    """One adapter of all ports, with a disk that can be made to fail."""

    fault: Fault
    now: int

    @property
    def store(self) -> MessageStore: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def marks(self) -> MarkStore: ...
    @property
    def log(self) -> Log: ...
    @property
    def bus(self) -> Bus: ...
    @property
    def registry(self) -> Registry: ...
    @property
    def questions(self) -> Questions: ...

    async def start(self) -> None:
        """Begin to serve."""

    async def stop(self) -> None:
        """End, as a process does."""


class EmbeddedHarness:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.fault = Fault()
        self.now = 1_800_000_000_000
        self.open: Embedded

    async def start(self) -> None:
        self.open = await open_embedded(self.path, write=self.fault.write, clock=lambda: self.now)

    async def stop(self) -> None:
        await self.open.close()

    @property
    def store(self) -> MessageStore:
        return self.open.message_store

    @property
    def inbox(self) -> Inbox:
        return self.open.inbox

    @property
    def marks(self) -> MarkStore:
        return self.open.mark_store

    @property
    def log(self) -> Log:
        return self.open.log

    @property
    def bus(self) -> Bus:
        return self.open.bus

    @property
    def registry(self) -> Registry:
        return self.open.registry

    @property
    def questions(self) -> Questions:
        return self.open.questions


HARNESSES = {"embedded": EmbeddedHarness}

ANN, BEN, CYD = AccountId("1"), AccountId("2"), AccountId("3")
PAIR = direct_id(ANN, BEN)


def event(number: int, text: str = "") -> bytes:
    return msgspec.json.encode({"number": number, "text": text})


def commit(
    first: int,
    last: int,
    conversation: ConversationId = PAIR,
    audience: tuple[AccountId, ...] = (ANN, BEN),
    sequence: int = 0,
) -> Commit:
    """Events `first` to `last`, each with its send key, for all of `audience`."""
    numbers = range(first, last + 1)
    applied = Position(1, sequence or last, 0)
    return Commit(
        state=Conversation(
            id=conversation,
            direct=False,
            members={account: Member(Role.MEMBER) for account in audience},
            head=last,
            ordinal=last,
            applied=applied,
        ),
        events=[(number, event(number)) for number in numbers],
        fanouts=[Fanout(first, last, audience)],
        keys=[
            (name(number, conversation), SendKey(Position(1, number, 0), number, 1000 + number)) for number in numbers
        ],
        spans=[Span(account, conversation, 1) for account in audience] if first == 1 else [],
    )


def name(number: int, conversation: ConversationId = PAIR) -> KeyName:
    return KeyName(conversation, DeviceId("phone"), ClientId(f"c{number}"))


async def entries(inbox: Inbox, account: AccountId, after: int = 0, limit: int = 10_000) -> list[str]:
    """An inbox in short: `conversation#number` or the inline event, one per position; asserts that it is dense."""
    page = await inbox.read(account, after, limit)
    found: list[str] = []
    for entry in page.entries:
        assert entry.position == max(after, page.bounds.floor) + len(found) + 1
        if isinstance(entry, Run):
            found += [f"{entry.conversation}#{entry.first + step}" for step in range(entry.count)]
        else:
            assert isinstance(entry, Inline)
            found.append(entry.event.decode())
    return found

"""What the contract suites need of an adapter, and the values that they put into it.

A further adapter is a harness in a file of its own, named in `conftest.py`.
"""

from typing import ClassVar, Literal, Protocol

import msgspec

from chinwag.domain.conversation import Conversation, Member, Position, Role, SendKey, Span
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, direct_id
from chinwag.ports.bus import Bus
from chinwag.ports.inbox import Inbox, Inline, Run
from chinwag.ports.log import Log
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import Commit, Fanout, KeyName, MessageStore
from chinwag.ports.questions import Questions
from chinwag.ports.registry import Registry


class Fault(Protocol):
    """What can be done to the engine under the stores. Reads are let through.

    fail: every write fails, "before" it is made or "after" that, with nothing said of which; "" for none.
    writes: how many were made.
    """

    fail: Literal["", "before", "after"]

    @property
    def writes(self) -> int: ...

    def hold(self) -> None:
        """Let writes wait from now on."""

    def go(self) -> None:
        """Let them through."""


class Stores(Protocol):
    """One adapter of the ports of what lasts on the way of a message, on an engine that can be made to fail.

    now: the clock of what is posted, in milliseconds since 1970.
    shares_writes: whether what waits, of different calls, is written together, so that it succeeds and fails together.
    """

    now: int
    shares_writes: ClassVar[bool]

    @property
    def fault(self) -> Fault: ...
    @property
    def store(self) -> MessageStore: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def marks(self) -> MarkStore: ...

    async def start(self) -> None:
        """Begin to serve."""

    async def stop(self) -> None:
        """End, as a process does."""

    async def remove(self) -> None:
        """Take away what the engine keeps of it, after the last `stop`."""

    async def settled(self) -> None:
        """What was posted before is readable. Where it is so at once there is nothing to wait for."""


class LogHarness(Protocol):
    """One adapter of the Log, which can be ended and begun again. now: its clock, in milliseconds since 1970.

    turns_clock: whether that stands still until a test turns it; else it is the time.
    """

    now: int
    turns_clock: ClassVar[bool]

    @property
    def log(self) -> Log: ...

    async def start(self) -> None: ...
    async def stop(self) -> None: ...

    async def settled(self) -> None:
        """What was appended before is in the log, or given up."""

    async def remove(self) -> None:
        """Take away what the engine keeps of it, after the last `stop`."""


class Harness(Stores, LogHarness, Protocol):
    """One adapter of all ports."""

    @property
    def bus(self) -> Bus: ...
    @property
    def registry(self) -> Registry: ...
    @property
    def questions(self) -> Questions: ...


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


async def entries(stores: Stores, account: AccountId, after: int = 0, limit: int = 10_000) -> list[str]:
    """An inbox in short: `conversation#number` or the inline event, one per position; asserts that it is dense."""
    await stores.settled()
    page = await stores.inbox.read(account, after, limit)
    found: list[str] = []
    for entry in page.entries:
        assert entry.position == max(after, page.bounds.floor) + len(found) + 1
        if isinstance(entry, Run):
            found += [f"{entry.conversation}#{entry.first + step}" for step in range(entry.count)]
        else:
            assert isinstance(entry, Inline)
            found.append(entry.event.decode())
    return found

"""The Bus: live publications between processes. What is lost here is never the only copy of anything."""

import secrets
import zlib
from collections.abc import Callable
from typing import Final, NewType, Protocol

import msgspec

from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.domain.refusal import Code
from chinwag.ports.message_store import KeyName

Subject = NewType("Subject", str)
NodeId = NewType("NodeId", str)

PEOPLE: Final = Subject("people")
"""`Tell`: something true now, for people who are connected (typing, presence)."""
REVOKED: Final = Subject("revoked")
"""`Revoked` and `EverybodyRevoked`: sockets to close and tokens to refuse."""
WORK: Final = Subject("work")
"""`Work`: the directory holds something to be done elsewhere; whoever does it looks at once instead of soon."""
PUSHING: Final = Subject("pushing")
"""`Work`: something is to be pushed at once. `Reads`: what devices show may have been read."""
RECOUNT: Final = Subject("recount")
"""`Recount`: whoever takes over presence, or parts of it, asks gateways to report the sessions that they hold."""
RECOUNT_WANTED: Final = Subject("recount.wanted")
"""`Work`: a gateway's reports may have been lost, so that presence should ask for a recount."""


def new_node(role: str) -> NodeId:
    """A name for what takes answers as `role` in this life of this process: nobody has had it, and nobody will. So an
    answer to an earlier life, whose command still lay in the log, finds nobody."""
    return NodeId(f"{role}-{secrets.token_hex(8)}")


def answers_to(node: NodeId) -> Subject:
    """Where the answers to one node's commands go: `Answers`."""
    return Subject(f"answers.{node}")


def sessions_of(part: int) -> Subject:
    """Where gateways report who came, went or was silent, of the accounts of one part of presence: `SessionChange`."""
    return Subject(f"sessions.{part}")


MOVED_SUBJECTS: Final = 64
"""Subjects on which it is said that large groups have moved: a gateway listens to those of the groups it serves."""


def moved_of(conversation: ConversationId) -> Subject:
    """Where it is said that this large group has moved: `Moved`, `Counted`."""
    return Subject(f"moved.{zlib.crc32(conversation.encode()) % MOVED_SUBJECTS}")


class Answer(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What became of the command that `ref` and `name` name at its node: a number, or a code.

    name: so that an answer to another command, to which the node's number once belonged, is known as that.
    retry_after: of a refusal, the seconds after which the same may be asked again, if that is known.
    """

    ref: int
    name: KeyName
    number: int = 0
    sent_at: int = 0
    refused: Code | None = None
    detail: str = ""
    retry_after: float | None = None


class Answers(msgspec.Struct, frozen=True, gc=False, tag="answers"):
    """Answers for one node, in the order of the log."""

    answers: list[Answer]


class Tell(msgspec.Struct, frozen=True, gc=False, tag="tell"):
    """One signal for the connected devices of the accounts in `to`, except `but` (the device it came from).

    `signal` is JSON, the value of the `signal` member of a `signal` frame, encoded once.
    """

    to: tuple[AccountId, ...]
    signal: bytes
    but: DeviceId | None = None


class Revoked(msgspec.Struct, frozen=True, gc=False, tag="revoked"):
    """These devices of `account` may do nothing from now on. `account_closed`: none of its devices may."""

    account: AccountId
    devices: tuple[DeviceId, ...]
    account_closed: bool = False


class EverybodyRevoked(msgspec.Struct, frozen=True, gc=False, tag="everybody_revoked"):
    """The server's keys were replaced: whoever is connected came in with what counts no longer."""


class SessionChange(msgspec.Struct, frozen=True, gc=False, tag="session"):
    """A transition of one device at one gateway.

    `state` is "up" (connected), "down" (connection gone, may come back) or "out" (logged out: offline at once).
    `at` is in milliseconds since 1970.
    """

    account: AccountId
    device: DeviceId
    node: NodeId
    session: str
    state: str
    at: int


class Recount(msgspec.Struct, frozen=True, gc=False, tag="recount"):
    """Every gateway answers with a `SessionChange` for each session it holds of accounts of these parts of presence."""

    parts: tuple[int, ...]


class Reads(msgspec.Struct, frozen=True, gc=False, tag="reads"):
    """These accounts have read on in these conversations. May be lost: what devices show is looked at in any case."""

    pairs: tuple[tuple[AccountId, ConversationId], ...]


class Moved(msgspec.Struct, frozen=True, gc=False, tag="moved"):
    """A large group has come this far, and all of it is committed. May be lost: who follows it looks by itself.

    head, ordinal, shown: as in its state. all: the number of its newest message that speaks to all, 0: not known.
    """

    conversation: ConversationId
    head: int
    ordinal: int
    shown: int
    all: int = 0


class Counted(msgspec.Struct, frozen=True, gc=False, tag="counted"):
    """In a large group reactions to these messages were put on or taken back, and all of it is committed: the changes
    without a number above `before`, up to `turn`. May be lost: the next one shows it, and so does the group's state."""

    conversation: ConversationId
    before: int
    turn: int
    messages: tuple[int, ...]


class Work(msgspec.Struct, frozen=True, gc=False, tag="work"):
    """There is something to do. May be lost: the directory is looked at from time to time in any case."""


Publication = Answers | Tell | Revoked | EverybodyRevoked | SessionChange | Recount | Reads | Moved | Counted | Work


class Bus(Protocol):
    """Publish and subscribe.

    Guarantees: `publish` never blocks and never raises for want of a reader; a publication reaches each subscriber
    of its subject at most once; publications of one publisher on one subject arrive in the order published, as long
    as none is lost. A handler that raises stops neither the others nor later publications. Nothing is kept: a later
    subscriber sees only later publications. Handlers run on the event loop, never inside `publish`.
    """

    def publish(self, subject: Subject, publication: Publication) -> None:
        """Send `publication` to whoever subscribes to `subject` now. Returns at once."""
        ...

    def subscribe(self, subject: Subject, handler: Callable[[Publication], None]) -> Callable[[], None]:
        """Call `handler` for each publication on `subject` from now on, until the returned function is called."""
        ...

    def on_interruption(self, handler: Callable[[], None]) -> None:
        """Call `handler`, on the event loop, whenever publications may have been lost on their way to this process,
        once the way is free again: a connection that was gone, a reader too slow. Within one process: never."""
        ...

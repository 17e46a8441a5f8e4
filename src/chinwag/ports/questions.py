"""Ask a node: one question to one node, and its answer, or `unavailable` in time.

For what only one process knows and nothing stores: who is online, and how far a session has got.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, Protocol, TypeVar, get_args

import msgspec

from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.domain.presence import DeviceAt, PresenceOf
from chinwag.domain.tracing import SessionAt
from chinwag.ports.bus import NodeId

ANSWER_SECONDS: Final = 3.0
"""How long a question waits for its answer."""
UNDER_WAY: Final = 1_000
"""Questions that one process may have under way; one more is `overloaded`."""

AnswerT = TypeVar("AnswerT")


class Question(msgspec.Struct, Generic[AnswerT], frozen=True, tag_field="ask"):
    """A question whose answer is of the type in brackets. Both are values that can be sent as JSON."""


class WhoIsOnline(Question[list[PresenceOf]], frozen=True, tag="who_is_online"):
    """The presence of those of `accounts` of whom `asker` may know. Refused: `too_many`, `unavailable`."""

    asker: AccountId
    accounts: tuple[AccountId, ...]


class DevicesOnline(Question[list[DeviceAt]], frozen=True, tag="devices_online"):
    """The devices of an account that are online."""

    account: AccountId


class DevicesConnected(Question[list[DeviceId]], frozen=True, tag="devices_connected"):
    """The devices of an account that are connected now, without those that may come back unnoticed."""

    account: AccountId


class SessionsHere(Question[list[SessionAt]], frozen=True, tag="sessions_here"):
    """The welcomed sessions of an account at the node that is asked."""

    account: AccountId


class FollowersHere(Question[int], frozen=True, tag="followers_here"):
    """How many sessions follow a large group at the node that is asked."""

    conversation: ConversationId


QUESTIONS: Final[tuple[type[Question[Any]], ...]] = (
    WhoIsOnline,
    DevicesOnline,
    DevicesConnected,
    SessionsHere,
    FollowersHere,
)


def answer_type(question: type[Question[AnswerT]]) -> Any:
    """Of what type the answers to such questions are, for an adapter that sends them over a network."""
    return get_args(question.__orig_bases__[0])[0]  # type: ignore[attr-defined]


class Questions(Protocol):
    """Questions to nodes, and their answers.

    Guarantees: `ask` returns or raises within `ANSWER_SECONDS` whatever the other node does, and a node that nobody
    answers for is `unavailable`. A question is answered at most once, and by the answerer of that very node; one that
    was given up may have been answered nevertheless, so a question changes nothing. A refusal of the answerer is
    raised at whoever asked, with its code, detail and time; any other failure is logged at the answerer and raised as
    `internal`. Questions do not wait for one another. An answerer runs on the event loop, never inside `ask`.
    """

    async def ask(self, node: NodeId, question: Question[AnswerT]) -> AnswerT:
        """The answer of `node`. Raises `Refused`: `unavailable`, `overloaded`, `internal`, or the answerer's."""
        ...

    def answer(
        self,
        node: NodeId,
        kind: type[Question[AnswerT]],
        answerer: Callable[[Any], Awaitable[AnswerT]],
    ) -> Callable[[], None]:
        """Answer questions of that kind to `node` from now on, until the returned function is called.

        Raises `ValueError` if somebody in this process does already.
        """
        ...

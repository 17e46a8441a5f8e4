"""Servers that decide wrongly: what becomes of a command is not what the rules say (P2 to P6, P10, P11)."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from chinwag.domain import decide as rule_of_conversations
from chinwag.domain.body import Text
from chinwag.domain.command import Command, Send, SetTitle
from chinwag.domain.conversation import Conversation, Position, SendKey
from chinwag.domain.decide import Again, Decision, Numbered, Rejected
from chinwag.domain.events import Left, Message, Notice, Removed
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.refusal import Code
from chinwag.flow import deliver
from chinwag.flow.deliver import Deliver
from chinwag.ports.log import Record
from prove.faults.wrong.wrong import Every, Wrong, replace

Rule = Callable[[Command, Decision], Decision]
SELDOM: Final = 20
"""One in so many is wrong."""


def _after(rule: Rule) -> None:
    """Let `rule` have the last word on every decision."""

    def wrapped(plain: Callable[..., Decision]) -> Callable[..., Decision]:
        def decide(state: Conversation | None, command: Command, *more: Any) -> Decision:
            return rule(command, plain(state, command, *more))

        return decide

    replace(deliver, "decide", wrapped)


def _forged() -> None:
    seldom = Every(SELDOM)

    def rule(command: Command, decision: Decision) -> Decision:
        if isinstance(decision, Numbered) and isinstance(decision.event, Message) and seldom():
            other = next((one for one in decision.audience if one != command.account), command.account)
            return msgspec.structs.replace(decision, event=msgspec.structs.replace(decision.event, sender=other))
        return decision

    _after(rule)


def _changed() -> None:
    seldom = Every(SELDOM)

    def rule(command: Command, decision: Decision) -> Decision:
        if isinstance(decision, Numbered) and isinstance(decision.event, Message) and seldom():
            event = msgspec.structs.replace(decision.event, body=Text("nobody said this"))
            return msgspec.structs.replace(decision, event=event)
        return decision

    _after(rule)


def _skipped() -> None:
    """The hole lies before the first message of a batch: inside one, the stores would notice."""
    seldom = Every(SELDOM)
    begun: set[ConversationId] = set()

    def batches(plain: Callable[..., Any]) -> Callable[..., Any]:
        async def _decide(self: Deliver, records: list[Record]) -> Any:
            begun.clear()
            return await plain(self, records)

        return _decide

    def rule(command: Command, decision: Decision) -> Decision:
        if not isinstance(decision, Numbered):
            return decision
        first = command.conversation not in begun
        begun.add(command.conversation)
        if first and isinstance(decision.event, Message) and decision.state.head > 1 and seldom():
            head = decision.state.head + 1
            return msgspec.structs.replace(
                decision,
                state=msgspec.structs.replace(decision.state, head=head),
                event=msgspec.structs.replace(decision.event, number=head),
            )
        return decision

    replace(Deliver, "_decide", batches)
    _after(rule)


def _after_ignored() -> None:
    seldom = Every(SELDOM)

    def wrapped(plain: Callable[..., Decision]) -> Callable[..., Decision]:
        def decide(state: Conversation | None, command: Command, *more: Any) -> Decision:
            if isinstance(command.action, Send):
                if command.action.after is None or not seldom():
                    action = msgspec.structs.replace(command.action, after=None)
                    return plain(state, msgspec.structs.replace(command, action=action), *more)
                return Rejected(Code.UNAVAILABLE, "refused now and then, as a server may")
            return plain(state, command, *more)

        return decide

    replace(deliver, "decide", wrapped)


def _own_order_swapped() -> None:
    """Two sends in a row of one device in one conversation change places, whatever `after` says."""

    def wrapped(plain: Callable[..., Decision]) -> Callable[..., Decision]:
        def decide(state: Conversation | None, command: Command, *more: Any) -> Decision:
            if isinstance(command.action, Send):
                command = msgspec.structs.replace(command, action=msgspec.structs.replace(command.action, after=None))
            return plain(state, command, *more)

        return decide

    def reordered(plain: Callable[..., Any]) -> Callable[..., Any]:
        async def _decide(self: Deliver, records: list[Record]) -> Any:
            turned = list(records)
            last: dict[tuple[str, str], int] = {}
            for turn, record in enumerate(records):
                command = record.submission.command
                whose = (command.conversation, command.device)
                before = last.pop(whose, None) if isinstance(command.action, Send) else None
                if before is None:
                    if isinstance(command.action, Send):
                        last[whose] = turn
                    continue
                one, other = turned[before], turned[turn]
                turned[before] = msgspec.structs.replace(one, submission=other.submission)
                turned[turn] = msgspec.structs.replace(other, submission=one.submission)
            return await plain(self, turned)

        return _decide

    replace(deliver, "decide", wrapped)
    replace(Deliver, "_decide", reordered)


def _keys_forgotten() -> None:
    def wrapped(plain: Callable[..., Decision]) -> Callable[..., Decision]:
        def decide(
            state: Conversation | None,
            command: Command,
            position: Position,
            _earlier: SendKey | None,
            predecessor: SendKey | None,
            *more: Any,
        ) -> Decision:
            return plain(state, command, position, None, predecessor, *more)

        return decide

    replace(deliver, "decide", wrapped)


def _anything_under_an_id() -> None:
    def wrapped(_: Callable[..., Decision]) -> Callable[..., Decision]:
        def repeated(earlier: SendKey, _command: Command) -> Decision:
            return Again(earlier)

        return repeated

    replace(rule_of_conversations, "repeated", wrapped)


def _answers_differ() -> None:
    def rule(_: Command, decision: Decision) -> Decision:
        if isinstance(decision, Again) and decision.earlier.number > 1:
            earlier = msgspec.structs.replace(decision.earlier, number=decision.earlier.number - 1)
            return msgspec.structs.replace(decision, earlier=earlier)
        return decision

    _after(rule)


def _not_posted() -> None:
    seldom = Every(SELDOM)

    def rule(_: Command, decision: Decision) -> Decision:
        if isinstance(decision, Numbered) and isinstance(decision.event, Message) and seldom():
            return msgspec.structs.replace(decision, audience=decision.audience[:-1])
        return decision

    _after(rule)


def _gone(decision: Decision) -> AccountId | None:
    if isinstance(decision, Numbered) and isinstance(decision.event, Notice):
        change = decision.event.change
        return change.account if isinstance(change, Left | Removed) else None
    return None


def _removed_still_told() -> None:
    told: dict[ConversationId, set[AccountId]] = {}

    def rule(command: Command, decision: Decision) -> Decision:
        if not isinstance(decision, Numbered):
            return decision
        more = told.get(command.conversation, set()) - set(decision.audience)
        if (account := _gone(decision)) is not None:
            told.setdefault(command.conversation, set()).add(account)
        return msgspec.structs.replace(decision, audience=(*decision.audience, *sorted(more)))

    _after(rule)


def _title_differs() -> None:
    def rule(command: Command, decision: Decision) -> Decision:
        if isinstance(decision, Numbered) and isinstance(command.action, SetTitle):
            state = msgspec.structs.replace(decision.state, title=decision.state.title + " (loaded)")
            return msgspec.structs.replace(decision, state=state)
        return decision

    _after(rule)


def _ordinals_differ() -> None:
    def rule(_: Command, decision: Decision) -> Decision:
        if isinstance(decision, Numbered) and isinstance(decision.event, Notice):
            state = msgspec.structs.replace(decision.state, ordinal=decision.state.ordinal + 1)
            return msgspec.structs.replace(decision, state=state)
        return decision

    _after(rule)


DECIDING: Final = (
    Wrong("sender-forged", ("P2",), "a message in 20 names another member as its sender", _forged),
    Wrong("text-changed", ("P2",), "a message in 20 has another text", _changed),
    Wrong("number-skipped", ("P3", "P1"), "a message in 20 leaves a number out", _skipped),
    Wrong(
        "after-ignored",
        ("P4",),
        "a send in 20 is refused for a while, and what follows it is placed",
        _after_ignored,
        "several sends in flight",
    ),
    Wrong(
        "own-order-swapped",
        ("P4",),
        "two sends in a row of one device change places",
        _own_order_swapped,
        "several sends in flight",
    ),
    Wrong("keys-forgotten", ("P6",), "earlier copies of a send are not looked for", _keys_forgotten, "retries"),
    Wrong(
        "anything-under-an-id",
        ("P6",),
        "something else under a used id is acked with the first one's number",
        _anything_under_an_id,
        "retries",
    ),
    Wrong("answers-differ", ("P6", "P1"), "a retry is answered with the number before", _answers_differ, "retries"),
    Wrong("not-posted", ("P5", "P8", "P1"), "a message in 20 is not posted to one member", _not_posted),
    Wrong(
        "removed-still-told",
        ("P10",),
        "who left or was removed is posted to as before",
        _removed_still_told,
        "members who go",
    ),
    Wrong(
        "title-differs",
        ("P11",),
        "the title that is loaded is not the one that its event told",
        _title_differs,
        "titles that change",
    ),
    Wrong(
        "unread-differs",
        ("P11", "P5"),
        "a notice counts as a message where state is loaded",
        _ordinals_differ,
        "members who come and go",
    ),
)

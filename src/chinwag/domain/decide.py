"""The rule of a conversation: what a command makes of it.

`decide` is a pure function of (state, command, what is known of earlier sends and of the event that it names). Two
workers that see the same prefix of the log give the same rows, which is why order needs no lock. A refusal takes no
number.

Every action has one rule, in the table at the end; the rules of messages are in `sending.py` and `changing.py`, those
of groups in `membership.py`.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from chinwag.domain import membership, pinning
from chinwag.domain.changing import delete, edit
from chinwag.domain.command import (
    Add,
    Appoint,
    Command,
    Create,
    Decline,
    Delete,
    Deliver,
    Edit,
    Enter,
    Heir,
    Join,
    Leave,
    Pass,
    Pin,
    React,
    Remove,
    Send,
    SetAvatar,
    SetRole,
    SetSettings,
    SetTitle,
)
from chinwag.domain.conversation import Conversation, Position, SendKey
from chinwag.domain.decision import Again, Decision, Noted, Numbered, Passed, Rejected
from chinwag.domain.facts import NOTHING, Facts
from chinwag.domain.ids import LISTING
from chinwag.domain.outcome import Outcome, shown, worth_listing
from chinwag.domain.reacting import react
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.sending import direct_pair, opened_by, send

__all__ = ["Again", "Decision", "Noted", "Numbered", "Passed", "Rejected", "decide", "repeated"]

Rule = Callable[[Conversation | None, Command, Any, Position, SendKey | None, Facts], Decision]
"""(state, command, its action, position, the send named in `after`, facts) -> decision. May raise `Refused`."""


def decide(
    state: Conversation | None,
    command: Command,
    position: Position,
    earlier: SendKey | None = None,
    predecessor: SendKey | None = None,
    facts: Facts = NOTHING,
) -> Decision:
    """What becomes of `command`, at `position` of the log, in a conversation that is at `state` (None: not begun).

    earlier: the send key of the same (conversation, device, id), predecessor: that of the send named in `after`;
    each only if its own position is below `position`, so that a replay never takes its own for a copy. A predecessor
    that was refused is not placed. facts: what is known of the event that the command names.
    """
    if earlier is not None:
        return repeated(earlier, command)
    if command.refused is not None:
        return Rejected(command.refused)
    action = command.action
    try:
        return _RULES[type(action)](state, command, action, position, predecessor, facts)
    except Refused as refused:
        return Rejected(refused.code, refused.detail)


def repeated(earlier: SendKey, command: Command) -> Again | Rejected:
    """The answer to a command whose id was answered already: the first one's, or that it asks for something else.

    P6 of docs/guarantees.md: whatever has changed since.
    """
    if earlier.digest and command.digest and earlier.digest != command.digest:
        return Rejected(Code.ID_REUSED)
    if earlier.refused is not None:
        return Rejected(earlier.refused)
    return Again(earlier)


def _create(state: Conversation | None, command: Command, action: Create, position: Position, *_: object) -> Decision:
    return _place(None, membership.create(state, command, action), command, position)


def _change(
    state: Conversation | None, command: Command, _action: object, position: Position, _: object, facts: Facts
) -> Decision:
    if state is None:
        raise Refused(Code.NO_CONVERSATION)
    outcome = membership.change(state, command, facts.people)
    if outcome is None:
        return Noted(msgspec.structs.replace(state, applied=position))
    return _place(state, outcome, command, position)


def _refuse(state: Conversation | None, command: Command, action: Decline, position: Position, *_: object) -> Decision:
    pair = direct_pair(command)
    if state is None:
        state = opened_by(command, pair)
    account, version, heeded = command.account, action.version, state.heeded
    if version:
        if version < dict(heeded).get(account, 0):
            return Noted(msgspec.structs.replace(state, applied=position))  # it is out of date, however late it came
        heeded = (*(each for each in heeded if each[0] != account), (account, version))
    others = tuple(each for each in state.declining if each != account)
    declining = (*others, account) if action.on else others
    return Noted(msgspec.structs.replace(state, declining=declining, heeded=heeded, applied=position))


def _pass(state: Conversation | None, *_: object) -> Decision:
    return Passed(0 if state is None else state.head)


def _pin(
    state: Conversation | None, command: Command, action: Pin, position: Position, _: object, facts: Facts
) -> Decision:
    outcome = pinning.pin(state, command, action, facts)
    assert state is not None  # nothing is pinned before
    if outcome is None:
        return Noted(msgspec.structs.replace(state, applied=position))
    return _place(state, outcome, command, position)


def _place(before: Conversation | None, outcome: Outcome, command: Command, position: Position) -> Numbered:
    """Give a change of membership its number and its notice. Of an open group the listing is told as well."""
    state, change, rows = outcome.state, outcome.change, outcome.rows
    if before is None or shown(before, change):
        after = msgspec.structs.replace(state, at=command.at, applied=position, shown=state.head)
    else:
        after = msgspec.structs.replace(state, applied=position, shown=before.last_shown)
    listed = state.settings.join == "open" or (before is not None and before.settings.join == "open")
    audience = (*outcome.audience, LISTING) if listed and worth_listing(state, change) else outcome.audience
    return Numbered(
        after,
        membership.notice(after, command, change),
        audience,
        outcome.spans,
        people=rows.people,
        wrote=rows.wrote,
        joinings=rows.joinings,
        widens=rows.widens,
        everyone=outcome.everyone,
    )


# Each rule takes the action that its key names.
_RULES: Final[dict[type, Rule]] = {
    Send: send,
    Create: _create,
    Add: _change,
    Remove: _change,
    Leave: _change,
    Join: _change,
    Enter: _change,
    Appoint: _change,
    SetRole: _change,
    SetTitle: _change,
    SetAvatar: _change,
    SetSettings: _change,
    Decline: _refuse,
    Pass: _pass,
    Edit: edit,
    Delete: delete,
    React: react,
    Pin: _pin,
    Deliver: _change,
    Heir: _change,
}

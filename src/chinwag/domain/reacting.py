"""A reaction to a message: who may put one on or take it back, and when that is nothing new."""

import msgspec

from chinwag.domain.command import Command, React
from chinwag.domain.conversation import Conversation, Position, SendKey
from chinwag.domain.decision import Noted, Numbered
from chinwag.domain.emoji import reaction_of
from chinwag.domain.events import Reaction
from chinwag.domain.facts import Facts
from chinwag.domain.naming import message_named
from chinwag.domain.reaction_counts import Difference
from chinwag.domain.reactions import DIFFERENT, STEPS
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.sending import check_recipient, check_turn, next_between, writer
from chinwag.domain.wide import told, told_all


def react(
    state: Conversation | None,
    command: Command,
    action: React,
    position: Position,
    predecessor: SendKey | None,
    facts: Facts,
) -> Numbered | Noted:
    """Put a reaction on, or take one's own back. Only a change takes a number, so that each event counts one more or
    one less; in a large group none does. Raises `Refused`."""
    state, member = writer(state, command, facts)
    if action.on:
        check_recipient(state, command.account)  # to take something back needs nobody's leave
    check_turn(action.after, predecessor)
    reaction = reaction_of(action.reaction)
    message_named(state, command.account, member, action.number, facts)
    before = facts.reacted.as_of(state.head, state.reacted)
    on = before.on()
    if (reaction in on) == action.on:
        return Noted(msgspec.structs.replace(state, applied=position))
    if action.on and len(on) >= DIFFERENT:
        raise Refused(Code.TOO_MANY, f"at most {DIFFERENT} different ones of one account on a message")
    if len(before.steps) >= STEPS:
        raise Refused(Code.TOO_MANY, f"it was changed {STEPS} times")
    counted = None if state.direct else Difference(action.number, reaction, action.on)
    if state.large:
        turn = state.reacted + 1
        now = before.then(state.head + 1, reaction, on=action.on, turn=turn)
        later = msgspec.structs.replace(state, applied=position, reacted=turn)
        return Noted(later, ((action.number, command.account, now),), counted)
    after = next_between(state, position)
    event = Reaction(
        conversation=state.id,
        number=after.head,
        ordinal=after.ordinal,
        sender=command.account,
        device=command.device,
        id=command.id,
        sent_at=command.at,
        shown=after.shown,
        target=action.number,
        reaction=reaction,
        on=action.on,
    )
    now = before.then(after.head, reaction, on=action.on)
    return Numbered(
        after,
        event,
        told(state, command.account),
        reactions=((action.number, command.account, now),),
        counted=counted,
        everyone=told_all(state),
    )

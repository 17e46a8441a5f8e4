"""Pins: messages that a conversation keeps at hand for all."""

from typing import Final

import msgspec

from chinwag.domain.command import Command, Pin
from chinwag.domain.conversation import Conversation, Role
from chinwag.domain.events import Pinned
from chinwag.domain.facts import Facts
from chinwag.domain.naming import message_named
from chinwag.domain.outcome import Outcome, tell
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.sending import check_recipient, writer

PINS: Final = 50
"""Messages that a conversation may have pinned."""


def pin(state: Conversation | None, command: Command, action: Pin, facts: Facts) -> Outcome | None:
    """Pin a message, or take it from the pins; None where that changes nothing. Raises `Refused`."""
    state, member = writer(state, command, facts)
    if not state.direct and member.role is Role.MEMBER and state.settings.pin != "members":
        raise Refused(Code.NOT_ALLOWED)
    if (action.number in state.pins) == action.on:
        return None
    if action.on:
        check_recipient(state, command.account)
        message_named(state, command.account, member, action.number, facts)
        if len(state.pins) >= PINS:
            raise Refused(Code.TOO_MANY, f"at most {PINS} pins")
        pins = (*state.pins, action.number)
    else:
        pins = without(state.pins, action.number)
    after = msgspec.structs.replace(state, pins=pins)
    return tell(after, Pinned(action.number, action.on), command.account)


def without(pins: tuple[int, ...], number: int) -> tuple[int, ...]:
    """The pins but for one message."""
    return tuple(one for one in pins if one != number)

"""`react`: put a reaction on a message, or take one's own back."""

from chinwag.domain import command
from chinwag.domain.emoji import reaction_of
from chinwag.flow.wish import Wish
from chinwag.roles.gateway.verbs.speaker import Speaker
from chinwag.wire.frames import React


def react(session: Speaker, frame: React) -> None:
    """Submit the reaction; the answer is an `ack` or an `error` with the frame's id."""
    out = session.out
    action = command.React(frame.number, reaction_of(frame.reaction), frame.on, frame.after)
    session.ask(Wish(out.account, out.device, frame.conversation, frame.id, action))

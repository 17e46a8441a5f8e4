"""`edit`: change what a message says."""

from chinwag.domain import command
from chinwag.flow.wish import Wish, in_command
from chinwag.roles.gateway.verbs.speaker import Speaker
from chinwag.wire.frames import Edit


def edit(session: Speaker, frame: Edit) -> None:
    """Submit the edit; the answer is an `ack` or an `error` with the frame's id."""
    out = session.out
    action = command.Edit(frame.number, in_command(frame.body), frame.after)
    session.ask(Wish(out.account, out.device, frame.conversation, frame.id, action))

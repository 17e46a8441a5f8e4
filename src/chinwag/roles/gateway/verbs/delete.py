"""`delete`: take a message away."""

from chinwag.domain import command
from chinwag.flow.wish import Wish
from chinwag.roles.gateway.verbs.speaker import Speaker
from chinwag.wire.frames import Delete


def delete(session: Speaker, frame: Delete) -> None:
    """Submit the deletion; the answer is an `ack` or an `error` with the frame's id."""
    out = session.out
    session.ask(Wish(out.account, out.device, frame.conversation, frame.id, command.Delete(frame.number, frame.after)))

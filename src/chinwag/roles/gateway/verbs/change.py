"""`change`: change a group."""

from chinwag.flow.wish import Wish
from chinwag.roles.gateway.verbs.speaker import Speaker
from chinwag.wire.frames import Change


def change(session: Speaker, frame: Change) -> None:
    """Submit the change; the answer is an `ack` or an `error` with the frame's id."""
    out = session.out
    session.ask(Wish(out.account, out.device, frame.conversation, frame.id, frame.change))

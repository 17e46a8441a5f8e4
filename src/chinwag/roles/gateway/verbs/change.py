"""`change`: change a group."""

from typing import TYPE_CHECKING

from chinwag.flow.accept import Wish
from chinwag.wire.frames import Change

if TYPE_CHECKING:
    from chinwag.roles.gateway.session import Session


def change(session: "Session", frame: Change) -> None:
    """Submit the change; the answer is an `ack` or an `error` with the frame's id."""
    session.ask(Wish(session.account, session.device, frame.conversation, frame.id, frame.change))

"""`received`: what is safe on this device."""

from typing import TYPE_CHECKING

from chinwag.domain.refusal import Code, Refused
from chinwag.wire.frames import Received

if TYPE_CHECKING:
    from chinwag.roles.gateway.session import Session


def received(session: "Session", frame: Received) -> None:
    """Move the delivered mark. A device cannot have what it was not given.

    It takes no budget: it is one figure an account, and a device that has much to take in says it often.
    """
    if not 0 <= frame.position <= session.position:
        raise Refused(Code.BAD_REQUEST, "that position was not given to this session")
    session.gateway.marks.received(session.account, frame.position)

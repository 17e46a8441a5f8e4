"""`received`: what is safe on this device."""

from chinwag.domain.refusal import Code, Refused
from chinwag.roles.gateway.verbs.speaker import Speaker
from chinwag.wire.frames import Received


def received(session: Speaker, frame: Received) -> None:
    """Move the delivered mark. A device cannot have what it was not given.

    It takes no budget: it is one figure an account, and a device that has much to take in says it often.
    """
    if not 0 <= frame.position <= session.out.position:
        raise Refused(Code.BAD_REQUEST, "that position was not given to this session")
    session.common.marks.received(session.out.account, frame.position)

"""`ping`: here I am."""

from chinwag.roles.gateway.verbs.speaker import Speaker
from chinwag.wire.codec import PONG
from chinwag.wire.frames import Ping


def ping(session: Speaker, _: Ping) -> None:
    """Answer; that the session is alive was noted when the frame came."""
    session.out.push(PONG)

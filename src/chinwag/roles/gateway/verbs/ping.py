"""`ping`: here I am."""

from typing import TYPE_CHECKING

from chinwag.wire.codec import PONG
from chinwag.wire.frames import Ping

if TYPE_CHECKING:
    from chinwag.roles.gateway.session import Session


def ping(session: "Session", _: Ping) -> None:
    """Answer; that the session is alive was noted when the frame came."""
    session.push(PONG)

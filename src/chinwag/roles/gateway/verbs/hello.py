"""`hello`, said by a session that is in already."""

from typing import TYPE_CHECKING

from chinwag.domain.refusal import Code, Refused
from chinwag.wire.frames import Hello

if TYPE_CHECKING:
    from chinwag.roles.gateway.session import Session


def hello_again(_session: "Session", _frame: Hello) -> None:
    """Refuse: a session stays one device's."""
    raise Refused(Code.HELLO_TWICE)

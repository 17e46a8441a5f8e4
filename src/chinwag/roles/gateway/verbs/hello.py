"""`hello`, said by a session that is in already."""

from chinwag.domain.refusal import Code, Refused
from chinwag.roles.gateway.verbs.speaker import Speaker
from chinwag.wire.frames import Hello


def hello_again(_session: Speaker, _frame: Hello) -> None:
    """Refuse: a session stays one device's."""
    raise Refused(Code.HELLO_TWICE)

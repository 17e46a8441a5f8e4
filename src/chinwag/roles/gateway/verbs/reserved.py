"""`react`: reserved in protocol 1, not taken yet."""

from chinwag.domain.refusal import Code, Refused
from chinwag.roles.gateway.verbs.speaker import Speaker
from chinwag.wire.frames import React


def reserved(_session: Speaker, _frame: React) -> None:
    """Refuse with a code that says so."""
    raise Refused(Code.UNSUPPORTED)
